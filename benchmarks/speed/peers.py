"""Ways to turn texts into vectors with the same weights: ours and its peers', each as its documentation runs it best.

A method is built in a process of its own, from a checkpoint folder and a number of threads, and is then a callable from
a list of texts to an array. ONNX Runtime and OpenVINO get the transformer exported from torch, batches of 32 sorted by
length as sentence-transformers makes them, and mean pooling: their graphs at 8 bits are made by the tools that
sentence-transformers' page on efficiency names (``quantize_dynamic`` with the range that suits the processor; NNCF with
texts of the task). In bfloat16, OpenVINO gets the hint for it, and sentence-transformers loads the weights so.
"""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from speed.data import load_texts, prompt_and_limit

Encode = Callable[[Sequence[str]], np.ndarray]
BATCH = 32  # the default of sentence-transformers


def ours(folder: str, n_threads: int, work: Path, dtype: str = "float32") -> Encode:
    import torch

    from sklearn_llmtokens import LLMTokenEmbedder

    torch.set_num_threads(n_threads)
    embedder = LLMTokenEmbedder(folder, dtype=dtype, cache=None).fit(["a"])
    return lambda texts: embedder.transform(list(texts))


def sentence_transformers(folder: str, n_threads: int, work: Path, dtype: str = "float32") -> Encode:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(n_threads)
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": getattr(torch, dtype)})
    return lambda texts: model.encode(list(texts), show_progress_bar=False)


def skrub(folder: str, n_threads: int, work: Path) -> Encode:
    import pandas as pd
    import torch
    from skrub import TextEncoder

    torch.set_num_threads(n_threads)
    encoder = TextEncoder(folder, n_components=None, device="cpu")

    def encode(texts: Sequence[str]) -> np.ndarray:
        return encoder.fit_transform(pd.Series(list(texts), name="text")).to_numpy()

    return encode


def embetter(folder: str, n_threads: int, work: Path, quantize: bool = False) -> Encode:
    import torch
    from embetter.text import SentenceEncoder

    encoder = SentenceEncoder(folder, device=torch.device("cpu"), quantize=quantize, num_threads=n_threads)
    return lambda texts: np.asarray(encoder.transform(list(texts)))


def onnxruntime(folder: str, n_threads: int, work: Path, int8: bool = False) -> Encode:
    import onnxruntime as ort

    check_mean(folder)
    file = export_onnx(folder, work)
    if int8:
        file = quantize_onnx(file)
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads
    session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]

    def run(inputs: dict[str, np.ndarray]) -> np.ndarray:
        return session.run(None, {name: inputs[name] for name in names})[0]

    return batched(folder, run)


def openvino(folder: str, n_threads: int, work: Path, int8: bool = False, precision: str = "f32") -> Encode:
    import openvino as ov

    check_mean(folder)
    file = export_openvino(folder, work, int8)
    config = {"INFERENCE_NUM_THREADS": n_threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = ov.Core().compile_model(file, "CPU", config)
    return batched(folder, lambda inputs: compiled(inputs)[0])


METHODS: dict[str, tuple[Callable[..., Encode], dict]] = {
    "LLMTokenEmbedder, float32": (ours, {}),
    "LLMTokenEmbedder, int8": (ours, {"dtype": "int8"}),
    "LLMTokenEmbedder, bfloat16": (ours, {"dtype": "bfloat16"}),
    "sentence-transformers": (sentence_transformers, {}),
    "sentence-transformers, bfloat16": (sentence_transformers, {"dtype": "bfloat16"}),
    "skrub": (skrub, {}),
    "embetter": (embetter, {}),
    "embetter, quantize=True (torch int8)": (embetter, {"quantize": True}),
    "ONNX Runtime, float32": (onnxruntime, {}),
    "ONNX Runtime, int8": (onnxruntime, {"int8": True}),
    "OpenVINO, float32": (openvino, {}),
    "OpenVINO, bfloat16": (openvino, {"precision": "bf16"}),
    "OpenVINO, int8": (openvino, {"int8": True}),
}
NEEDS = {  # packages beyond those of the project's own extras
    "skrub": ("skrub",),
    "embetter": ("embetter",),
    "ONNX Runtime, float32": ("onnxruntime", "onnx", "onnxscript"),
    "ONNX Runtime, int8": ("onnxruntime", "onnx", "onnxscript"),
    "OpenVINO, float32": ("openvino",),
    "OpenVINO, bfloat16": ("openvino",),
    "OpenVINO, int8": ("openvino", "nncf"),
}


def batched(folder: str, run: Callable[[dict[str, np.ndarray]], np.ndarray]) -> Encode:
    """Run a graph in batches sorted by length, pool by the mean, and scale rows to unit length."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    prefix, limit = prompt_and_limit(folder)

    def encode(texts: Sequence[str]) -> np.ndarray:
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        rows = None
        for start in range(0, len(order), BATCH):
            idx = order[start : start + BATCH]
            inputs = tokenizer(
                [prefix + texts[i] for i in idx], padding=True, truncation=True, max_length=limit, return_tensors="np"
            )
            inputs = {name: np.asarray(value, np.int64) for name, value in inputs.items()}
            hidden = run({name: inputs[name] for name in ("input_ids", "attention_mask")})
            mask = inputs["attention_mask"][..., None].astype(np.float32)
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            if rows is None:
                rows = np.empty((len(texts), pooled.shape[1]), np.float32)
            rows[idx] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return rows

    return encode


def check_mean(folder: str) -> None:
    from sklearn_llmtokens import LLMTokenEmbedder

    found = LLMTokenEmbedder(folder).fit(["a"])
    width = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    if found.pooling_ != ("mean",) or found.n_features_out_ != width:
        raise ValueError("it does not pool by the mean alone: its graph cannot be compared")


def export_onnx(folder: str, work: Path) -> Path:
    file = work / "float32.onnx"
    if not file.exists():
        import torch

        model, inputs = traced(folder)
        axes = {name: {0: "batch", 1: "length"} for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            torch.onnx.export(
                model,
                inputs,
                str(file),
                input_names=["input_ids", "attention_mask"],
                output_names=["hidden"],
                dynamic_axes=axes,
                opset_version=17,
                dynamo=False,
            )
    return file


def quantize_onnx(file: Path) -> Path:
    """Quantise as sentence-transformers' configuration for the processor does: by channel, a bit less without VNNI."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target = file.with_name("int8.onnx")
    if not target.exists():
        narrow = not torch.cpu.get_capabilities().get("avx512_vnni", False)
        quantize_dynamic(file, target, per_channel=True, reduce_range=narrow, weight_type=QuantType.QInt8)
    return target


def export_openvino(folder: str, work: Path, int8: bool) -> Path:
    import openvino as ov

    target = work / ("int8.xml" if int8 else "float32.xml")
    if target.exists():
        return target
    model, (ids, mask) = traced(folder)
    graph = ov.convert_model(model, example_input={"input_ids": ids, "attention_mask": mask})
    if int8:
        import nncf

        # NNCF's preset for transformers, calibrated on texts of the task
        data = nncf.Dataset(calibration(folder, Path(os.environ.get("SKLEARN_LLMTOKENS_DATA", "."))))
        graph = nncf.quantize(graph, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=300)
    ov.save_model(graph, target, compress_to_fp16=False)
    return target


def traced(folder: str):
    """Return the transformer with two tensors in and one out, and an example of both."""
    import torch
    from transformers import AutoModel

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(folder, attn_implementation="sdpa", dtype=torch.float32).eval()

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    ids = torch.randint(5, 100, (2, 12))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    return Hidden().eval(), (ids, mask)


def calibration(folder: str, home: Path) -> list[dict[str, np.ndarray]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    prefix, limit = prompt_and_limit(folder)
    texts = load_texts("short reviews", home)[-300:]
    found = []
    for text in texts:
        inputs = tokenizer([prefix + text], truncation=True, max_length=limit, return_tensors="np")
        found.append({name: np.asarray(inputs[name], np.int64) for name in ("input_ids", "attention_mask")})
    return found
