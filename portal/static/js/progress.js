// Long work: look again every second until it has ended.
if (document.querySelector("[data-running]")) setTimeout(() => location.reload(), 1000);
