"""What front ends send on their own is told from what people ask, and answered in the format asked for."""

import json
import time

import pytest

from rag.domain import Message
from rag.questions.auxiliary import Task, auxiliary, reply

CHAT = """### Chat History:
<chat_history>
USER: When does the cafeteria serve lunch?
ASSISTANT: From noon until two [1]. "title": none
USER: And on Fridays?
</chat_history>"""

TURNS = (
    Message(role="user", content="When does the cafeteria serve lunch?"),
    Message(role="assistant", content="From noon until two [1]."),
)

TEMPLATES: dict[Task, tuple[str, str]] = {
    Task.TITLE: (
        "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Guidelines:\n"
        '- Write the title in the chat\'s primary language.\n### Output:\nJSON format: { "title": "your title here" }\n'
        f"{CHAT}",
        '{"title": "Cafeteria serve lunch"}',
    ),
    Task.TAGS: (
        "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more "
        "specific subtopic tags.\n### Guidelines:\n- Consider entire conversation\n### Output:\n"
        f'JSON format: {{ "tags": ["tag1", "tag2", "tag3"] }}\n{CHAT}',
        '{"tags": ["Cafeteria", "Serve", "Lunch"]}',
    ),
    Task.FOLLOW_UPS: (
        "### Task:\nSuggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this "
        "conversation as a **user**, based on the chat history.\n### Output:\n"
        f'JSON format: {{ "follow_ups": ["Question 1?", "Question 2?"] }}\n{CHAT}',
        '{"follow_ups": ["What else do the documents say about Fridays?"]}',
    ),
    Task.QUERIES: (
        "### Task:\nAnalyze the chat history to determine the necessity of generating search queries, in the given "
        f'language.\n### Output:\n{{ "queries": ["query1", "query2"] }}\n{CHAT}',
        '{"queries": ["cafeteria serve lunch: on Fridays?"]}',
    ),
    Task.COMPLETION: (
        "### Task:\nYou are an autocompletion system. Continue the text in `<text>` by the **completion type** in "
        '`<type>`.\n### Output:\nJSON: { "text": "<completion>" }\n<type>General</type><text>When do</text>',
        '{"text": ""}',
    ),
    Task.IMAGE: (
        "### Task:\nGenerate a detailed prompt for am image generation task based on the given language and context.\n"
        f'### Output:\nStrictly return in JSON format: {{ "prompt": "..." }}\n{CHAT}',
        '{"prompt": "And on Fridays?"}',
    ),
}

TITLES = [
    "Provide a concise, 5-word-or-less title for the conversation, using title case. Only return the title itself.\n\n"
    "Conversation:\nUser: When does the cafeteria serve lunch?\nAI: At noon.",
    "Please generate a short title of at most 5 words for this conversation in its language.\n"
    "User: When does the cafeteria serve lunch?\nAssistant: At noon.",
]

QUESTIONS = [
    "When does the cafeteria serve lunch?",
    "What is the title of the chat policy?",
    "Give me a short summary of the title IX policy and who to have a conversation with.",
    "Generate a concise title for my travel report in 5 words",
    "Suggest follow-up questions for a patient with asthma",
    "What tags does the conversation archive use?",
    "### Task:\nRespond to the user query using the provided context, with inline citations.\n<context>\n"
    '<source id="1">"title": x</source>\n</context>\n\n<user_query>\nWhen is lunch?\n</user_query>',
    "### Task: when is lunch?",
    "Summarize the discussion about lunch",
]


@pytest.mark.parametrize("task", TEMPLATES)
def test_templates_are_told_and_answered(task: Task) -> None:
    """Each template is told by its frame, whatever the conversation in it holds, and its format is kept."""
    prompt, expected = TEMPLATES[task]

    asked = auxiliary(prompt)

    assert asked is not None
    assert asked.task == task
    assert reply(asked) == expected
    assert isinstance(json.loads(reply(asked)), dict)


@pytest.mark.parametrize("prompt", TITLES)
def test_titles_asked_for_in_prose_are_plain_text(prompt: str) -> None:
    """A conversation in the prompt, and no format: the title alone."""
    asked = auxiliary(prompt)

    assert asked is not None
    assert (asked.task, reply(asked)) == (Task.TITLE, "Cafeteria serve lunch")


def test_the_conversation_may_stand_before_the_prompt() -> None:
    """Some front ends append their instruction to the turns."""
    title = auxiliary("Please generate a four to five word title summarizing our conversation", TURNS)
    summary = auxiliary(
        "Summarize the discussion briefly in 200 words or less as a prompt for future context.", TURNS
    )

    assert title is not None
    assert reply(title) == "Cafeteria serve lunch"
    assert summary is not None
    assert (summary.task, reply(summary)) == (Task.SUMMARY, "- When does the cafeteria serve lunch?")


def test_instructions_may_tell_too() -> None:
    """A title's wish, or the choice of tools, may stand in the system message."""
    turns = "user: When does the cafeteria serve lunch?\nassistant: At noon."
    title = auxiliary(turns, instructions=["You generate concise titles for conversations."])
    tools = auxiliary(
        "Query: when is lunch?", instructions=['Available Tools: [{"name": "search"}]\nChoose one.']
    )

    assert title is not None
    assert title.task == Task.TITLE
    assert tools is not None
    assert json.loads(reply(tools)) == {"tool_calls": []}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_people_ask_is_a_question(question: str) -> None:
    """Words like title, tags and conversation in a question make it none of a front end's prompts."""
    assert auxiliary(question, instructions=["You are helpful."]) is None


def test_other_languages_keep_their_words() -> None:
    """Without rules for the language a title is the question's beginning, and no English question is made up."""
    chat = "<chat_history>\nUSER: Wann gibt es Mittagessen in der Kantine?\n</chat_history>"
    title = auxiliary(f'### Task:\nGenerate a title for the chat. {{ "title": "" }}\n{chat}')
    further = auxiliary(f'### Task:\nSuggest follow-up questions. {{ "follow_ups": [] }}\n{chat}')

    assert title is not None
    assert reply(title) == '{"title": "Wann gibt es Mittagessen in"}'
    assert further is not None
    assert reply(further) == '{"follow_ups": []}'


def test_an_emoji_is_one() -> None:
    """The front end shows whatever comes as an emoji."""
    asked = auxiliary(
        "Your task is to reflect the speaker's likely facial expression through a fitting emoji."
    )

    assert asked is not None
    assert reply(asked) == "💬"


@pytest.mark.parametrize(
    "text",
    [
        "### Task:\ntitle chat\n" + "<chat_history>" * 5_000,
        "### Task:\ntitle chat\n<chat_history>" + " \n" * 40_000,
        "### Task:\ntitle chat\n" + "\nuser" * 20_000,
        "Generate a short title for the chat" + " \n" * 40_000,
        "title " * 20_000,
    ],
    ids=lambda text: text[:40],
)
def test_no_prompt_keeps_the_service_busy(text: str) -> None:
    """Whatever is sent is told apart in far less than a second."""
    began = time.process_time()

    asked = auxiliary(text, TURNS, [text])
    if asked is not None:
        reply(asked)

    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hello!", "Hello. Ask a question about the documents."),
        ("good morning everyone, hi", "Hello. Ask a question about the documents."),
        ("Guten Tag", "Hello. Ask a question about the documents."),
        ("thanks", "You are welcome."),
        ("Ok, thank you very much!", "You are welcome."),
        ("merci beaucoup !", "You are welcome."),
        ("Vielen Dank!", "You are welcome."),
        ("谢谢。", "You are welcome."),
        ("never mind", "All right."),
        ("ok", "All right."),
        ("got it", "All right."),
    ],
)
def test_greetings_and_thanks_are_no_questions(said: str, answer: str) -> None:
    """They are answered in kind, in place of telling that the documents say nothing of it."""
    asked = auxiliary(said, TURNS)

    assert asked is not None
    assert (asked.task, reply(asked)) == (Task.COURTESY, answer)


@pytest.mark.parametrize(
    "question",
    [
        "Is it cool?",
        "help",
        "Who do I thank?",
        "ok corral",
        "Danke sehr, aber wann öffnet die Kantine?",
        "thanks, and on Fridays?",
        "hi, when is lunch?",
        "sorry, the XR-5000",
        "no, trains",
        "Merci Chocolates",
        "hello " * 100,
    ],
)
def test_questions_that_are_civil_are_questions(question: str) -> None:
    """Where anything is asked beside, it is asked."""
    assert auxiliary(question, TURNS) is None
