// The sign-in page of a demo: an account that is chosen goes into its field, without loading the page again.
document.querySelectorAll("[data-account]").forEach((link) => {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector("#username").value = link.dataset.account;
    document.querySelector("#password").focus();
  });
});
