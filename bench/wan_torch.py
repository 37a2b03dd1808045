"""One call of a Wan 2.1 1.3B-shaped transformer in PyTorch (diffusers) with random bf16 weights.

What `build/model_bench --model wan-1.3b` is compared with; the packages are those of tests/golden/requirements.txt:
    python bench/wan_torch.py --frames 17 --width 832 --height 480
"""

import argparse
import time

import torch
from diffusers import WanTransformer3DModel


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=17)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(7)
    torch.set_default_dtype(torch.bfloat16)
    model = WanTransformer3DModel(num_attention_heads=12, num_layers=30, ffn_dim=8960).eval()
    x = torch.randn(1, 16, (options.frames + 3) // 4, options.height // 8, options.width // 8)
    text = torch.randn(1, 512, 4096)
    seconds = []
    with torch.inference_mode():
        for _ in range(options.steps + 1):
            start = time.perf_counter()
            model(x, torch.tensor([500.0]), text)
            seconds.append(time.perf_counter() - start)
    tokens = x.shape[2] * x.shape[3] * x.shape[4] // 4
    print(f"PyTorch {torch.__version__}: {min(seconds[1:]):.2f} s a call, {tokens} tokens, {options.threads} threads")


if __name__ == "__main__":
    main()
