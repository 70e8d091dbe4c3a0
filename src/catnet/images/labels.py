"""The labels of the real images, without the images: for results that are read where those are not.

Which images show a cat is no one's work. The digests in `catnet.images.catvnoncat` say that these
are the labels of the files.
"""

from __future__ import annotations

import numpy as np

__all__ = ["known_labels", "pooled_labels"]

# A bit for each image, the first one highest.
TRAIN = "211610d4026122dc0900188e42bf044ac7c2ec482a735048848000"
TEST = "fbf979ebc4e380"
SIZES = 209, 50
ALSO_IN_TRAIN = 17  # this test image is a training image, too


def known_labels():
    """Return the labels of the real images.

    Returns
    -------
    train : ndarray of int64, shape (209,)
    test : ndarray of int64, shape (50,)
        1 for a cat.
    """
    return tuple(
        np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8), count=size).astype(np.int64)
        for bits, size in zip((TRAIN, TEST), SIZES, strict=True)
    )


def pooled_labels():
    """Return the labels and origins of all distinct images, as `Dataset.pooled` orders them.

    Returns
    -------
    labels, origin : ndarray of int64, shape (258,)
        Origin is 0 for the article's training images and 1 for its test images.
    """
    train, test = known_labels()
    labels = np.append(train, np.delete(test, ALSO_IN_TRAIN))
    origin = np.repeat([0, 1], [len(train), len(test) - 1])
    return labels, origin
