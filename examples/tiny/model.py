"""A causal language model of about 115,000 parameters and its tokenizer, made on the spot: nothing is downloaded.

It knows nothing: its first answers are random bytes. That is enough to see whether a reward teaches.
"""

from __future__ import annotations

from typing import Any

TEXTS = [
    "please thank you sorry hello good bad red green blue cat dog bird sun moon star",
    "the cat says thank you and the dog says please", "hello good bird , sorry bad moon .",
    "say something nice about the sun in one line: the sun is a star, and a good one.",
] * 20  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer(vocabulary: int = 320) -> Any:
    """A byte-level BPE tokenizer trained on ``TEXTS``, with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, show_progress=False, initial_alphabet=alphabet
    )
    inner.train_from_iterator(TEXTS, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<|end|>", padding_side="left")
    made.chat_template = TEMPLATE
    return made


def model(tokens: Any, *, hidden: int = 64, layers: int = 2, seed: int = 0) -> Any:
    """A Qwen2 of random weights for this tokenizer."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokens), hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=False,
        pad_token_id=tokens.pad_token_id, eos_token_id=tokens.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    return Qwen2ForCausalLM(config)
