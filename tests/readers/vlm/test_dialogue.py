"""Chat templates of all kinds, tried out: which forms of a dialogue they take, and what they write around an answer."""

from types import SimpleNamespace

import pytest
from transformers import ByT5Tokenizer

from readers.registry import reader
from readers.vlm.chat import Chat
from readers.vlm.dialogue import Dialogue, Turn
from readers.vlm.template import rendered
from taxonomy.error import ReaderError

from ...tiny.chat_format import FORMATS

SYSTEM, QUESTION = Turn("system", "Read this ECG."), Turn("user", "What is the rate?", images=1)
SHOT = [Turn("user", "And here?", images=2, captions=("Lead I", "Lead II")), Turn("assistant", "It is normal.")]

PARTS = (
    "{% for part in turn.content %}{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}"
)
MARKUP = "{% for turn in messages %}[{{ turn.role }}]" + PARTS + "[end]{% endfor %}"
ANSWER = "{% if add_generation_prompt %}[assistant]{% endif %}"


def tried(template, placeholder="<image>", **settings):
    def render(messages, to_answer):
        return rendered(template, messages, {"add_generation_prompt": to_answer, **settings})

    return Dialogue(render, template, placeholder)


def refusing(condition):
    return f"{{% if {condition} %}}{{{{ raise_exception('no such turn') }}}}{{% endif %}}"


# --- which dialogues a template takes ---


def test_a_template_that_takes_everything_gets_it_in_parts():
    text = tried(MARKUP + ANSWER).prompt([SYSTEM, *SHOT, QUESTION])
    assert text == (
        "[system]Read this ECG.[end][user]Lead I\n<image>Lead II\n<image>And here?[end]"
        "[assistant]It is normal.[end][user]<image>What is the rate?[end][assistant]"
    )


@pytest.mark.parametrize(
    "template",
    [
        refusing("messages[0].role == 'system'") + MARKUP,  # as Gemma 2
        refusing("messages[0].role == 'system' and messages[1].content[0].type == 'image'") + MARKUP,  # Llama 3.2, once
        MARKUP.replace("for turn in messages", "for turn in messages if turn.role != 'system'"),  # drops it
        "{% for turn in messages %}{% if turn.role != 'system' %}[{{ turn.role }}]" + PARTS + "[end]"
        "{% else %}[Be helpful.]{% endif %}{% endfor %}",  # puts another in its place
    ],
    ids=["raises", "raises beside an image", "drops", "ignores"],
)
def test_without_a_system_turn_its_text_begins_the_first_question(template):
    text = tried(template + ANSWER).prompt([SYSTEM, *SHOT, QUESTION])
    assert "[user]Read this ECG.\n\nLead I\n<image>Lead II\n<image>And here?[end]" in text
    assert text.count("Read this ECG.") == 1
    assert text.endswith("[user]<image>What is the rate?[end][assistant]")


def test_a_system_turn_that_would_be_written_as_the_source_of_a_list_is_given_as_text():
    system = "{% if turn.role == 'system' %}[{{ turn.content }}]{% else %}[{{ turn.role }}]"
    template = "{% for turn in messages %}" + system + PARTS + "[end]{% endif %}{% endfor %}" + ANSWER
    text = tried(template).prompt([SYSTEM, QUESTION])
    assert text == "[Read this ECG.][user]<image>What is the rate?[end][assistant]"


@pytest.mark.parametrize(
    "content",
    ["{{ turn.content }}", "{{ turn.content + '' }}", "{{ turn.content | trim }}", "{{ turn.content | tojson }}"],
)
def test_a_template_of_text_alone_gets_text_with_the_placeholder_of_each_image(content):
    template = "{% for turn in messages %}[{{ turn.role }}]" + content + "[end]{% endfor %}" + ANSWER
    text = tried(template, "<img>").prompt([SYSTEM, *SHOT, QUESTION])
    assert text.count("<img>") == 3 and "type" not in text
    assert "Read this ECG." in text and "It is normal." in text
    assert text.index("Lead I") < text.index("<img>") < text.index("Lead II")


def test_a_template_that_leaves_out_images_gets_their_placeholders_in_the_text():
    only_text = "{% for part in turn.content if part.type == 'text' %}{{ part.text }}{% endfor %}"
    template = "{% for turn in messages %}[{{ turn.role }}]" + only_text + "[end]{% endfor %}" + ANSWER
    assert tried(template).prompt([QUESTION]) == "[user]<image>\nWhat is the rate?[end][assistant]"


def test_answers_as_text_beside_questions_in_parts():
    template = (
        "{% for turn in messages %}{% if turn.role == 'assistant' %}{{ turn.content + '[end]' }}"
        "{% else %}[{{ turn.role }}]" + PARTS + "{% endif %}{% endfor %}"
    )
    assert "It is normal.[end]" in tried(template).prompt([*SHOT, QUESTION])
    assert tried(template).tail == "[end]"


def test_a_template_without_answers_asks_all_the_same():
    dialogue = tried(refusing("messages[-1].role == 'assistant'") + MARKUP + ANSWER)
    assert dialogue.prompt([SYSTEM, QUESTION]).endswith("[assistant]")
    assert dialogue.tail == ""


def test_a_template_that_raises_says_why():
    with pytest.raises(ReaderError, match=r"^the model's chat template raised TemplateError: no such turn$"):
        tried(refusing("true")).prompt([QUESTION])


@pytest.mark.parametrize("template", ["[user]{{ messages[0].content[0].type }}", "Say something."])
def test_a_template_that_shows_no_question_is_refused(template):
    with pytest.raises(ReaderError, match="leaves out the question or its image"):
        tried(template).prompt([QUESTION])


# --- what a template loses or doubles in a longer dialogue ---

FAULTY = {
    "the system text beside examples": (
        MARKUP.replace("messages %}", "messages if turn.role != 'system' or messages | length < 3 %}", 1),
        "leaves out the system text",
    ),
    "a long system text": (
        MARKUP.replace("messages %}", "messages if turn.role != 'system' or turn.content | string | length < 40 %}", 1),
        "leaves out the system text",
    ),
    "all but the last question": (
        MARKUP.replace("messages %}", "messages if turn.role == 'system' or turn == messages[-1] %}", 1),
        "leaves out the answer of a worked example",
    ),
    "a doubled system text": (
        "{% if messages | length > 3 %}{{ messages[0].content[0].text }}{% endif %}" + MARKUP,
        "doubles the system text",
    ),
    "a text of its own choice": (
        MARKUP.replace("part.text", "part.text | replace('It is normal.', '')"),
        "leaves out the answer of a worked example",
    ),
    "images of examples": (
        MARKUP.replace("<image>", "{% if turn == messages[-1] %}<image>{% endif %}"),
        "places 1 images in the prompt where 3 are sent",
    ),
    "numbered images of examples": (
        MARKUP.replace("<image>", "{% if turn == messages[-1] %}<|image_{{ loop.index }}|>{% endif %}"),
        "places 1 images in the prompt where 3 are sent",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_template_that_loses_or_doubles_a_part_of_a_dialogue_is_refused(fault):
    template, said = FAULTY[fault]
    with pytest.raises(ReaderError, match=f"^the model's chat template is at fault: it {said}[;.]? ?"):
        tried(template + ANSWER).prompt([SYSTEM, *SHOT, QUESTION])


@pytest.mark.parametrize(
    "content",
    ["part.text", "part.text | trim", "part.text | tojson", "part.text | e"],
)
def test_texts_that_hold_one_another_or_are_stripped_or_escaped_are_whole(content):
    turns = [Turn("system", "  Say 'normal' if \"normal\" <image> & no more.\n"), Turn("user", "normal?", 1)]
    turns += [
        Turn("assistant", "normal"),
        Turn("user", "normal?", 1),
        Turn("assistant", "normal"),
        Turn("user", "?", 2),
    ]
    template = MARKUP.replace("part.text", content) + ANSWER
    text = tried(template).prompt(turns)
    assert text.count("[assistant]") == 3


@pytest.mark.parametrize("name", FORMATS)
def test_no_template_of_the_families_is_refused(name):
    system = Turn("system", 'Read this ECG.\nAnswer in JSON: {"rate": "normal"}')
    assert tried(FORMATS[name], bos_token="<s>").prompt([system, *SHOT, *SHOT, QUESTION])


# --- thoughts ---


@pytest.mark.parametrize(
    ("answer", "said", "thinking", "bridge"),
    [
        ("[a]", "", "never", ""),
        ("[a]<think>\n", "<think>\n\n</think>\n\n", "begun", "\n</think>\n\n"),  # Qwen3-VL-Thinking
        ("[a]<think>\n", "", "begun", "\n</think>\n\n"),  # DeepSeek: no thought is written into a dialogue
        ("[a]", "<think>\n\n</think>\n\n", "at will", "<think>\n\n</think>\n\n"),  # Qwen3, which opens it itself
        ("[a]<think>\n\n</think>\n\n", "", "never", ""),  # Qwen3 that is told not to
        ("[a]<|channel>thought\n<channel|>", "", "never", ""),  # Gemma 4 that is not told to
        ("[a]{# [/THINK] #}", "", "at will", ""),  # Mistral
    ],
)
def test_where_a_thought_begins_and_ends_is_found(answer, said, thinking, bridge):
    turn = "{% if turn.role == 'assistant' %}[a]{{ said }}{% else %}[u]{% endif %}"
    template = "{% for turn in messages %}" + turn + PARTS + "[end]{% endfor %}"
    template += "{% if add_generation_prompt %}{{ answer }}{% endif %}" + "{# </think> #}" * ("</" in answer + said)
    template += "{# [/THINK] #}" * ("THINK" in answer)
    answer = answer.partition("{#")[0]
    dialogue = tried(template, said=said, answer=answer)
    assert (dialogue.thinking, dialogue.bridge) == (thinking, bridge)


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"qwen3-thinking", "gemma4"}])
def test_families_that_do_not_think_are_told(name):
    assert tried(FORMATS[name], bos_token="<s>").thinking == "never"


# --- tokens ---


def test_positions_in_an_answer_are_those_of_a_tokenizer_that_tells_none(gemma):
    """ByT5 has a token for each byte, and no fast form."""
    chat = Chat.of(SimpleNamespace(tokenizer=ByT5Tokenizer(extra_ids=0)), reader(f"hf:{gemma}").options)
    answer = chat.answer('{"rate": "normal"}', ends=False)
    assert not chat.processor.tokenizer.is_fast
    assert answer.offsets == tuple((place, place + 1) for place in range(18))
    assert len(answer.ids) == 18


def test_a_model_without_any_end_says_so(gemma):
    options = reader(f"hf:{gemma}").options
    tokenizer = ByT5Tokenizer(extra_ids=0)
    tokenizer.eos_token = None
    processor = SimpleNamespace(tokenizer=tokenizer, chat_template=MARKUP, image_token="<image>")
    processor.apply_chat_template = lambda messages, add_generation_prompt, **how: rendered(
        MARKUP, messages, {"add_generation_prompt": add_generation_prompt}
    )
    with pytest.raises(ReaderError, match="no token ends an answer"):
        _ = Chat.of(processor, options).stops
    assert Chat.of(processor, options, (7,)).stops == (7,)
