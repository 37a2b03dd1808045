"""What OpenCV's Canny makes of a picture: edges.png, the picture above its edges for thresholds 100, 200 and for 30, 90.

Run:  python tests/golden/make_edges.py
"""

import cv2
import numpy

from reference import FOLDER

HEIGHT, WIDTH = 48, 64


def picture():
    """Shapes, a gradient and noise: edges of every direction, weak ones beside strong ones."""
    random = numpy.random.default_rng(7)
    image = numpy.zeros((HEIGHT, WIDTH, 3), numpy.uint8)
    image[...] = numpy.linspace(40, 200, WIDTH)[None, :, None].astype(numpy.uint8)
    cv2.circle(image, (20, 22), 13, (220, 60, 40), -1, lineType=cv2.LINE_AA)
    cv2.rectangle(image, (36, 10), (58, 30), (30, 90, 210), -1)
    cv2.line(image, (2, 46), (60, 33), (250, 250, 90), 2, lineType=cv2.LINE_AA)
    noise = random.normal(0, 9, image.shape)
    return numpy.clip(image + noise, 0, 255).astype(numpy.uint8)


if __name__ == "__main__":
    image = picture()
    edges = [cv2.cvtColor(cv2.Canny(image, *limits), cv2.COLOR_GRAY2RGB) for limits in [(100, 200), (30, 90)]]
    sheet = numpy.concatenate([image, *edges])
    cv2.imwrite(str(FOLDER / "edges.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
