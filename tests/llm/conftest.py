"""A tiny random language model with a tokenizer trained on the spot, for tests that run one (marker ``local``)."""

import warnings

import pytest

CORPUS = [
    "please thank you sorry hello good bad red green blue cat dog bird sun moon star yes no",
    "the cat says thank you and the dog says please", "hello good bird , sorry bad moon . is it good ?",
    "user assistant system say something nice about the sun in one line",
] * 20  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def build(kind="qwen2", seed=0):
    """(model, tokenizer): two layers of width 64, byte-level BPE of 320 tokens, random weights."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=320, special_tokens=special, show_progress=False, initial_alphabet=alphabet)
    )  # fmt: skip
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<|end|>")
    tokenizer.chat_template = TEMPLATE
    shape = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512,
        "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
    }  # fmt: skip
    torch.manual_seed(seed)
    if kind == "llama":
        return transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape)), tokenizer
    return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**shape)), tokenizer


@pytest.fixture(scope="session")
def tiny():
    """``tiny(kind)`` gives (model, tokenizer); the test is skipped without torch and transformers."""
    pytest.importorskip("torch", reason="torch is not installed (make test-local)")
    pytest.importorskip("transformers", reason="transformers is not installed (make test-local)")
    made = {}

    def get(kind="qwen2"):
        if kind not in made:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made[kind] = build(kind)
        return made[kind]

    return get
