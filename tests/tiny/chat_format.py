"""How the families of open models write a dialogue: templates of our own that give the text of the published ones.

The text of a turn is a fact of each model: by the converters and tests of huggingface/transformers (SmolVLM, Idefics3,
LLaVA, LLaVA-OneVision, InternVL), ggml-org/llama.cpp (Gemma 4), and the templates beside the weights (Gemma 3, Qwen,
Llama).
"""

PART = "{{% if part.type == 'image' %}}{image}{{% else %}}{text}{{% endif %}}"
IN_ORDER = "{{% for part in turn.content %}}" + PART + "{{% endfor %}}"
IMAGES_FIRST = (
    "{{% for part in turn.content if part.type == 'image' %}}{image}{{% endfor %}}"
    "{{% for part in turn.content if part.type == 'text' %}}{text}{{% endfor %}}"
)


def _turns(turn: str, answer: str, before: str = "") -> str:
    opened = "{% for turn in messages %}" if "messages" not in before else "{% for turn in rest %}"
    return f"{before}{opened}{turn}{{% endfor %}}{{% if add_generation_prompt %}}{answer}{{% endif %}}"


def _parts(order: str, image: str, text: str = "{{ part.text }}") -> str:
    return order.format(image=image, text=text)


def _chat_markup(image: str) -> str:
    return "<|im_start|>{{ turn.role }}\n" + _parts(IN_ORDER, image) + "<|im_end|>\n"


def _idefics(begin: str) -> str:
    role = "{{ turn.role | title }}:{{ '' if turn.content[0].type == 'image' else ' ' }}"
    return _turns(role + _parts(IN_ORDER, "<image>") + "<end_of_utterance>\n", "Assistant:", begin)


def _vicuna() -> str:
    speaker = "{% if turn.role != 'system' %}{{ turn.role | upper }}: {% endif %}"
    return _turns(speaker + _parts(IMAGES_FIRST, "<image>\n", "{{ part.text }} "), "ASSISTANT:")


def _vicuna_next() -> str:
    """It writes a system turn twice."""
    speaker = "{% if turn.role == 'system' %}{{ turn.content[0].text }}{% else %}{{ turn.role | upper }}: {% endif %}"
    return _turns(speaker + _parts(IMAGES_FIRST, "<image>\n", "{{ part.text }} "), "ASSISTANT:")


def _mistral() -> str:
    return _turns(
        "{% if turn.role == 'system' %}<<SYS>>\n{{ turn.content[0].text }}\n<</SYS>>\n\n"
        "{% elif turn.role == 'user' %}[INST] " + _parts(IMAGES_FIRST, "<image>\n") + " [/INST]"
        "{% else %} {{ turn.content[0].text }}<\\s> {% endif %}",
        "",
    )


def _onevision() -> str:
    return _turns(
        "<|im_start|>{{ turn.role }} " + _parts(IMAGES_FIRST, "<image>", "{{ '\n' + part.text }}") + "<|im_end|>",
        "<|im_start|>assistant\n",
    )


VISION = "<|vision_start|><|image_pad|><|vision_end|>"


def _qwen25() -> str:
    helpful = (
        "{% if loop.first and turn.role != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "{% endif %}"
    )
    return _turns(helpful + _chat_markup(VISION), "<|im_start|>assistant\n")


def _qwen3(thinks: bool) -> str:
    empty = "{% if turn.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}" if thinks else ""
    turn = "<|im_start|>{{ turn.role }}\n" + empty + _parts(IN_ORDER, VISION) + "<|im_end|>\n"
    return _turns(turn, "<|im_start|>assistant\n" + ("<think>\n" if thinks else ""))


def _gemma3() -> str:
    before = (
        "{{ bos_token }}{% set said = messages[0].content if messages[0].role == 'system' else '' %}"
        "{% set first = said if said is string else said[0].text %}"
        "{% set rest = messages[1:] if messages[0].role == 'system' else messages %}"
    )
    order = (
        "{% if (turn.role == 'user') == (loop.index is divisibleby 2) %}"
        "{{ raise_exception('turns alternate') }}{% endif %}"
        "<start_of_turn>{{ 'model' if turn.role == 'assistant' else turn.role }}\n"
        "{% if loop.first and first %}{{ first }}\n\n{% endif %}"
    )
    said = _parts(IN_ORDER, "<start_of_image>", "{{ part.text | trim }}")
    return _turns(order + said + "<end_of_turn>\n", "<start_of_turn>model\n", before)


def _gemma4() -> str:
    """It writes the system turn as it is given, the source of a list where it is one; and knows a thought."""
    before = (
        "{{ bos_token }}{% set told = messages[0].role == 'system' %}"
        "{% set rest = messages[1:] if told else messages %}"
        "{% if told or enable_thinking %}<|turn>system\n{{ '<|think|>' if enable_thinking }}"
        "{{ (messages[0].content | trim) if told }}<turn|>\n{% endif %}"
    )
    text = "{{ (part.text.split('<channel|>')[-1] if turn.role == 'assistant' else part.text) | trim }}"
    turn = "<|turn>{{ 'model' if turn.role == 'assistant' else turn.role }}\n"
    turn += _parts(IN_ORDER, "{{ '\n\n<|image|>\n\n' }}", text) + "<turn|>\n"
    return _turns(
        turn,
        "<|turn>model\n{% if not enable_thinking %}<|channel>thought\n<channel|>{% endif %}",
        before,
    )


def _llama() -> str:
    """It takes a system turn as text alone, and writes a date before it."""
    head = "<|start_header_id|>{{ turn.role }}<|end_header_id|>\n\n"
    before = (
        "{{ bos_token }}{% set told = messages[0].role == 'system' %}"
        "{% set rest = messages[1:] if told else messages %}"
        "{% if told %}<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
        "Today Date: {{ date_string if date_string is defined else strftime_now('%d %b %Y') }}\n\n"
        "{{ messages[0].content | trim }}<|eot_id|>{% endif %}"
    )
    answer = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    return _turns(head + _parts(IN_ORDER, "<|image|>") + "<|eot_id|>", answer, before)


FORMATS = {
    "smolvlm": _idefics("<|im_start|>"),
    "idefics3": _idefics("<|begin_of_text|>"),
    "vicuna": _vicuna(),
    "vicuna-next": _vicuna_next(),
    "mistral-next": _mistral(),
    "onevision": _onevision(),
    "qwen2.5": _qwen25(),
    "qwen3": _qwen3(thinks=False),
    "qwen3-thinking": _qwen3(thinks=True),
    "gemma3": _gemma3(),
    "gemma4": _gemma4(),
    "internvl": _turns(_chat_markup("<IMG_CONTEXT>\n"), "<|im_start|>assistant\n"),
    "llama": _llama(),
}
