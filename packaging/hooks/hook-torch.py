"""torch for the CPU: libraries, modules, and their sources, which TorchScript reads at import.

Replaces PyInstaller's hook, which also collects the tools that compile extensions.
"""

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_dynamic_libs, collect_submodules

_NEVER_IMPORTED = (
    "torch._inductor.codegen.cuda",
    "torch._inductor.codegen.rocm",
    "torch.testing._internal.distributed",
    "torch.testing._internal.generated",
    "torch.testing._internal.opinfo",
    "torch.utils.benchmark.examples",
    "torch.utils.tensorboard",
)

module_collection_mode = "pyz+py"
warn_on_missing_hiddenimports = False
hiddenimports = collect_submodules("torch", filter=lambda name: not name.startswith(_NEVER_IMPORTED))
binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
# started at import to clean up shared memory
binaries += collect_dynamic_libs("torch", search_patterns=["torch_shm_manager"])
