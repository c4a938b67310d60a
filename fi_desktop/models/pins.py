"""The exact files of the catalog's repositories: their commits, and the SHA-256 of each file.

A download with other bytes is not installed, whatever the hub, a mirror or a proxy states. A new commit of a
repository is a new version of this program: read what changed, replace commit and hashes together.
"""

from __future__ import annotations

from dataclasses import dataclass

_CONFIG, _PREPROCESSOR, _TOKENIZER = "config.json", "preprocessor_config.json", "tokenizer.json"
_WEIGHTS, _TEXT, _JSON = "model.bin", "vocabulary.txt", "vocabulary.json"

# the same in tiny, base, small and medium
_TOKENIZER_V1 = "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
_VOCABULARY_V1 = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
# the same in large-v3 and turbo
_PREPROCESSOR_V3 = "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"
_VOCABULARY_V3 = "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"


@dataclass(frozen=True, slots=True)
class Pin:
    """A commit of a repository on the hub.

    Attributes:
        commit: 40 hexadecimal digits.
        hashes: SHA-256 of the files that packs may have, by path.
    """

    commit: str
    hashes: dict[str, str]


def _whisper(commit: str, config: str, weights: str) -> Pin:
    return Pin(
        commit,
        {_CONFIG: config, _WEIGHTS: weights, _TOKENIZER: _TOKENIZER_V1, _TEXT: _VOCABULARY_V1},
    )


def _whisper_v3(commit: str, config: str, weights: str, tokenizer: str) -> Pin:
    return Pin(
        commit,
        {
            _CONFIG: config,
            _WEIGHTS: weights,
            _TOKENIZER: tokenizer,
            _PREPROCESSOR: _PREPROCESSOR_V3,
            _JSON: _VOCABULARY_V3,
        },
    )


PINS = {
    "pyannote/speaker-diarization-community-1": Pin(
        "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee",
        {
            "config.yaml": "5ce2bfa9a938dc132cec1172592d65173cbb8f444ea1e4133f10f9391de155be",
            "segmentation/pytorch_model.bin": (
                "7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e"
            ),
            "embedding/pytorch_model.bin": "6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
            "plda/plda.npz": "9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
            "plda/xvec_transform.npz": "325f1ce8e48f7e55e9c8aa47e05d2766b7c48c4b25b8de8dd751e7a4cc5fbe8f",
        },
    ),
    "pyannote/speaker-diarization-3.1": Pin(
        "84fd25912480287da0247647c3d2b4853cb3ee5d",
        {"config.yaml": "04ad9cd59a93c3a7c754200ecc9e1c4ba87bf1657ef8a4debf7555e711daeeda"},
    ),
    "pyannote/segmentation-3.0": Pin(
        "e66f3d3b9eb0873085418a7b813d3b369bf160bb",
        {"pytorch_model.bin": "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"},
    ),
    "pyannote/wespeaker-voxceleb-resnet34-LM": Pin(
        "837717ddb9ff5507820346191109dc79c958d614",
        {"pytorch_model.bin": "366edf44f4c80889a3eb7a9d7bdf02c4aede3127f7dd15e274dcdb826b143c56"},
    ),
    "Systran/faster-whisper-large-v3": _whisper_v3(
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
        "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
    ),
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo": _whisper_v3(
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e",
        "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
    ),
    "Systran/faster-whisper-medium": _whisper(
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
    ),
    "Systran/faster-whisper-small": _whisper(
        "536b0662742c02347bc0e980a01041f333bce120",
        "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
    ),
    "Systran/faster-whisper-base": _whisper(
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    "Systran/faster-whisper-tiny": _whisper(
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
    ),
}
