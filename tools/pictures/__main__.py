"""`python -m tools.pictures`: writes docs/list.png and docs/guide/*.png; takes about two minutes."""

from tools.pictures.camera import camera
from tools.pictures.scenes import all_of_them

if __name__ == "__main__":
    with camera() as ready:
        all_of_them(ready)
