"""What the portal is compared with, each as its own documents recommend: the same tables, list columns, filters, form
fields and page size. They run in `bench/.peers`, an environment with the packages of `requirements.txt`, from this
folder; BENCH_DATABASE is the address of their copy of the portal's database."""
