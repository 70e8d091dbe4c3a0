"""Arrays out of HDF5 files: however they are stored if they lie inside, else a sentence.

Most files are read here as known ones, in this process, which is faster; test_apart.py is about
reading in a process of its own.
"""

import base64
import errno
import os
import sys
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from catnet.errors import DataError
from catnet.storage import apart, hdf5
from catnet.storage.hdf5 import ArraySpec, read_arrays, read_bytes

LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242\nsize 2572022\n"
)
X = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
Y = np.arange(6) % 2
WANTED = {"x": ArraySpec(np.uint8, (X.shape,)), "y": ArraySpec(np.integer, ((6,), (6, 1)))}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "images.h5"


def write(path, x=X, y=Y, **storage):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=x, **storage)
        file.create_dataset("y", data=y)
    return path


def read(path):
    return read_arrays(read_bytes(path), str(path), WANTED, known=True)


def is_right(arrays):
    return list(arrays) == ["x", "y"] and all(
        array.tobytes() == right.tobytes()
        for array, right in ((arrays["x"], X), (arrays["y"].astype(Y.dtype), Y))
    )


def refusal(path):
    with pytest.raises(DataError) as caught:
        read(path)
    sentence = str(caught.value)
    assert str(path) in sentence and "\n" not in sentence
    return sentence


# What is read


@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"chunks": (2, 8, 8, 3)},
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf", "shuffle": True, "maxshape": (None, 8, 8, 3)},
    ],
    ids=str,
)
def test_storage_does_not_matter(path, storage):
    assert is_right(read(write(path, **storage)))


@pytest.mark.parametrize("dtype", ["<i8", ">i4", "u1"])
def test_any_integer_in_any_shape_asked_for(path, dtype):
    arrays = read(write(path, y=Y[:, np.newaxis].astype(dtype)))
    assert arrays["y"].dtype == dtype and arrays["y"].shape == (6, 1) and is_right(arrays)


def test_block_before_the_signature(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"], file["y"] = X, Y
    assert is_right(read(path))


def test_any_number_of_arrays_of_any_length(path):
    with h5py.File(path, "w") as file:
        file["y"], file["a/1"], file["a/2"], file["other"] = Y, np.ones(3), np.zeros((2, 0)), "text"
    wanted = {"y": WANTED["y"], "a/*": ArraySpec(np.float64, ((None,), (None, None)))}
    arrays = read_arrays(path.read_bytes(), str(path), wanted, known=True)
    assert {name: array.shape for name, array in arrays.items()} == {
        "y": (6,), "a/1": (3,), "a/2": (2, 0)
    }


def test_what_another_process_gives_is_checked_again(path, monkeypatch):
    write(path)
    monkeypatch.setattr(hdf5, "read_apart", lambda *args: {"x": X[1:], "y": Y})
    with pytest.raises(DataError, match="x of .* must be uint8 of shape"):
        read_arrays(path.read_bytes(), str(path), WANTED)


# What is refused

# Two small files in HDF5's newest format, altered within with the checksums put right again.
# libhdf5 2.0 crashes on the first, and does not come back from the second.
DEADLY = {
    "crash": (
        "c-rgqaB<`1lHy|K;9!7(|4{H5Dr5i^4>`#3(%-`+h>4+sNeEdX3~(_qFfuT(i825wu9DQ^lKA4(lK6_vQ2po<40G"
        "9_65=2Uo}5geL~>4IadB$#O?IdzZU$tqZb#5#uoD;=7#Up{7?@ZX8KH(SaG=r5Fl#a8m67F{c^DW47(gz7$g%=`!"
        "OYDe!oa}7#K6kP$iczP$jr5$5vsh6VUPf4whw#U96f-cz`+Ic<7_4f?P@nCkzt4fH%AvI1_oHT--gn6p+1}ojlNh"
        "G2rbJBm50(VO!SHwM!_f;1w$6VOL|~g%*2Q&>DiD=ZVp(<?f@ydxj2Az6EovVcGSv?VFx~&8U}SZ#5~@m1Y<Lz$>"
        "HLohaI%oWPs7k91M)YK*gY7LJqg5&}xzoX5gNoordg^*J|bE=jkRVmH-h*1OVI^Pzw"
    ),
    "hang": (
        "c-rgqaB<`1lHy|K;9!7(|4`7&4dEL=#jRHFvi0|H31VWXU=l)B2m@S942%p6Y@!T6imN2GxFo(fwIse`GgLpiM5Q"
        "?=R6-mi!IP5-lt|7=EG|whF6M%2;$}bw&WV%Dz)oOfU}SV*U|?clWMqTNaiG!6Xx_mk&&<QXD8K-60YsJ+=nH0UZ"
        "WRVbCMJ-F7$GvXEI^u>A*U*hfd$BA1qvPjsh3~?>0o7K<ltatWKm#Y5#ZX-2sJv2frj9WwTYFhqlXIvqlf~F01Fq"
        "oJj@YcPzETR8h}^?Dt?>^LLZ#_yp~~z16M~+Ck94XxU)ljb^t01;wrLWiao?4wvZKzUUt-!G*UpkYX>*OC>RAJ7`"
        "QsRAeAg2kjREvLX>l0iotRbvT37Y3=E!J(o2SVs(`mafR!l|Bcct$hTNv$fVDLoAZ-dR4q&T^nbDaGwOPfmW9Wv%"
        "cBdB)(Ayh?_~>EBgp_B%VaLJ1C=65#s&tXVtsYtz@xct-GqlrC*&LOKy!<@f<irvn0*L?sV(`B#"
    ),
}


@pytest.mark.parametrize("kind", DEADLY)
def test_a_file_that_libhdf5_does_not_survive_is_refused(path, kind, monkeypatch):
    """How depends on the version of libhdf5; this process outlives it in any case."""
    monkeypatch.setattr(apart, "SECONDS", 2)
    content = zlib.decompress(base64.b85decode(DEADLY[kind]))
    wanted = {"test_set_x": ArraySpec(np.uint8, ((6, 8, 8, 3),))}
    with pytest.raises(DataError, match=f"{path.name} is .*damaged"):
        read_arrays(content, str(path), wanted)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n<!DOCTYPE html>\n<html><body>Page not found</body></html>\n", "web page"),
        (LFS_POINTER, "Git LFS pointer"),
        (b"404: Not Found", "b'404: Not Found'"),
        (hdf5.SIGNATURE, "truncated or damaged"),
    ],
)
def test_not_an_hdf5_file(path, content, said):
    path.write_bytes(content)
    assert said in refusal(path)


def test_truncated_at_every_length(path):
    whole = write(path).read_bytes()
    for length in range(1, len(whole), len(whole) // 97):
        path.write_bytes(whole[:length])
        refusal(path)


@pytest.mark.parametrize("storage", [{}, {"compression": "gzip", "chunks": (3, 8, 8, 3)}])
def test_damaged_anywhere(path, storage):
    """Any flipped bit gives arrays of the right type and shape, or a sentence."""
    whole = write(path, **storage).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        try:
            arrays = read_arrays(bytes(damaged), str(path), WANTED, known=True)
            assert arrays["x"].shape == X.shape and arrays["x"].dtype == X.dtype
        except DataError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 20


def test_damaged_chunk(path):
    write(path, compression="gzip")
    with h5py.File(path) as file:
        info = file["x"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[info.byte_offset + info.size // 2] ^= 255
    path.write_bytes(content)
    assert "truncated or damaged" in refusal(path)


def test_folder_or_pipe_in_place_of_a_file(path):
    path.mkdir()
    assert "is a folder" in refusal(path)
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        assert "a pipe" in refusal(path)


def test_file_too_large(path):
    with write(path).open("ab") as file:
        file.truncate(2**40)
    assert f"larger than {hdf5.MAX_BYTES} bytes" in refusal(path)


def test_file_that_cannot_be_read(path, monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    write(path)
    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be read (Permission denied)" in refusal(path)


def test_without_h5py(path, monkeypatch):
    write(path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "pip install h5py" in refusal(path)


def test_missing_or_misnamed_arrays(path):
    with h5py.File(path, "w") as file:
        file["x"], file["Y"] = X, Y
    assert "has no array y (it holds: Y, x)" in refusal(path)
    with h5py.File(path, "w") as file:
        file["x/inside"] = X
    assert "not an array but a group" in refusal(path)
    with h5py.File(path, "w"):
        pass
    assert "it holds: nothing" in refusal(path)


@pytest.mark.parametrize(
    "x, y",
    [
        (X.astype(float), Y),
        (X.astype("i1"), Y),
        (X[1:], Y),
        (X.reshape(len(X), -1), Y),
        (X[0, 0, 0, 0], Y),
        (h5py.Empty("u1"), Y),
        (X, Y.astype(float)),
        (X, Y.astype(bytes)),
        (X, Y[np.newaxis]),
        (X, Y[1:]),
        (X, Y.astype([("label", "i8")])),
    ],
)
def test_wrong_type_or_shape(path, x, y):
    assert "must be" in refusal(write(path, x, y))


def link_external(file, other):
    file["x"] = h5py.ExternalLink(other, "x")


def link_external_beside(file, other):
    file["x"] = X
    file["deep/inside"] = h5py.ExternalLink(other, "x")


def link_soft_through_external(file, other):
    file["group"] = h5py.ExternalLink(other, "/")
    file["x"] = h5py.SoftLink("/group/x")


def store_externally(file, other):
    raw = Path(other).with_suffix(".raw")
    raw.write_bytes(X.tobytes())
    file.create_dataset("x", X.shape, "u1", external=[(str(raw), 0, X.nbytes)])


def store_virtually(file, other):
    layout = h5py.VirtualLayout(X.shape, "u1")
    layout[:] = h5py.VirtualSource(other, "x", X.shape)
    file.create_virtual_dataset("x", layout)


def store_virtually_without_end(file, other):
    layout = h5py.VirtualLayout(X.shape, "u1", maxshape=(None, *X.shape[1:]))
    source = h5py.VirtualSource(other, "x", X.shape, maxshape=(None, *X.shape[1:]))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (link_external, "external link"),
        (link_external_beside, "external link"),
        (link_soft_through_external, "link"),
        (store_externally, "external storage"),
        (store_virtually, "virtual dataset"),
        (store_virtually_without_end, "virtual dataset"),
    ],
)
def test_links_out_are_not_followed(path, make, said):
    """What they lead to is right, so following them would be seen as success."""
    other = write(path.with_name("other.h5"), maxshape=(None, *X.shape[1:]))
    with h5py.File(path, "w") as file:
        make(file, str(other))
        file["y"] = Y
    assert said in refusal(path)


@pytest.mark.parametrize("storage", [{}, {"chunks": (1, 100, 100, 3), "compression": "gzip"}])
def test_claim_of_terabytes(path, storage):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**6, 1000, 1000, 3), "u1", **storage)
        file["y"] = Y
    assert "a claim of 3,000 GB" in refusal(path)


def test_chunks_larger_than_the_data(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", X.shape, "u1", chunks=(10**6, 8, 8, 3), maxshape=(None, 8, 8, 3),
                            compression="gzip")
        file["y"] = Y
    assert "more than its data need" in refusal(path)


@pytest.mark.parametrize(
    ("compression", "stream"),
    [
        ("gzip", zlib.compress(bytes(10**8))),
        ("lzf", b"\0A" + b"\xe0\xff\0" * 10**6),  # one byte, then copies of it
    ],
)
def test_chunk_that_unpacks_to_more_than_it_declares(path, compression, stream):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", X.shape, "u1", chunks=X.shape, compression=compression,
                                   shuffle=True)
        data.id.write_direct_chunk((0, 0, 0, 0), stream)
        file["y"] = Y
    started = time.perf_counter()
    assert "unpack to more than" in refusal(path)
    assert time.perf_counter() - started < 5


def test_lzf_streams_that_do_compress(path):
    """Every form of an LZF stream is measured right: long and short copies, literals."""
    rng = np.random.default_rng(1)
    plain = np.repeat(rng.integers(0, 256, 2000, dtype=np.uint8), rng.integers(1, 400, 2000))
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", data=plain, chunks=plain.shape, compression="lzf")
        raw = data.id.read_direct_chunk((0,))[1]
    assert not hdf5._lzf_exceeds(raw, plain.size)
    assert hdf5._lzf_exceeds(raw, plain.size - 1)


def test_filters_that_are_not_read(path):
    write(path, compression="gzip", scaleoffset=8)
    assert "filters that are not read here" in refusal(path)
