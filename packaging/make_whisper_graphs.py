"""Make the graphs of Whisper: `python packaging/make_whisper_graphs.py [--into FOLDER]`.

ONNX graphs for the published shapes, without weights: the program takes those from the model pack that is
installed (`engines/whisper/encoder.py`, `engines/whisper/text_network.py`). Linear layers multiply 8-bit
integers, with one scale for each row of the activations and each column of the weights, as CTranslate2
does. One more graph finds out whether such products are exact on a processor. The graphs are committed, so
nobody needs this script to run the program. Needs the package `onnx`: `pip install -e ".[voices]"`.

Source: A. Radford et al., "Robust speech recognition via large-scale weak supervision" (2022).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import about
import numpy as np
from onnx import TensorProto
from whisper_decoder_graphs import DecoderShape, decoder_graph, memory_graph, vocabulary_graph
from whisper_encoder_graph import EncoderShape, encoder_graph
from whisper_graph import RUNTIME, WhisperGraph

INTO = about.ROOT / "resources" / "models" / "words"
PRODUCTS = "products.onnx"
ENCODERS = (
    EncoderShape(4, 384, 6, 80),  # tiny
    EncoderShape(6, 512, 8, 80),  # base
    EncoderShape(12, 768, 12, 80),  # small
    EncoderShape(24, 1024, 16, 80),  # medium
    EncoderShape(32, 1280, 20, 80),  # large-v1, large-v2
    EncoderShape(32, 1280, 20, 128),  # large-v3, its turbo and its distilled versions
)
DECODERS = (
    DecoderShape(4, 384, 6),  # tiny
    DecoderShape(6, 512, 8),  # base
    DecoderShape(12, 768, 12),  # small
    DecoderShape(24, 1024, 16),  # medium
    DecoderShape(32, 1280, 20),  # large
    DecoderShape(4, 1280, 20),  # turbo
    DecoderShape(2, 1280, 20),  # distilled from large
    DecoderShape(2, 1024, 16),  # from medium
    DecoderShape(4, 768, 12),  # from small
)


def products_graph() -> bytes:
    """Return the product that linear layers consist of: uint8 (rows, 64) by int8 (64, columns)."""
    graph = WhisperGraph()
    one, zero = graph.constant(1.0), graph.constant(0, np.uint8)
    graph.op("MatMulIntegerToFloat", "left", "right", one, one, zero, name="output", domain=RUNTIME)
    left = (TensorProto.UINT8, ["rows", 64])
    right = (TensorProto.INT8, [64, "columns"])
    output = (TensorProto.FLOAT, ["rows", "columns"])
    return graph.model("products", {"left": left, "right": right}, {"output": output})


def main() -> None:
    """Write the graphs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--into", type=Path, default=INTO, metavar="FOLDER")
    into = parser.parse_args().into
    for encoder in ENCODERS:
        (into / f"encoder-{encoder}.onnx").write_bytes(encoder_graph(encoder))
    for decoder in DECODERS:
        (into / f"decoder-{decoder}.onnx").write_bytes(decoder_graph(decoder))
        (into / f"memory-{decoder}.onnx").write_bytes(memory_graph(decoder))
    for width in sorted({decoder.width for decoder in DECODERS}):
        (into / f"vocabulary-{width}.onnx").write_bytes(vocabulary_graph(width))
    (into / PRODUCTS).write_bytes(products_graph())


if __name__ == "__main__":
    main()
