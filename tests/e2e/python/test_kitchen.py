"""Prompts, resources, templates and both naming habits, with a real PDP.

SPDX-License-Identifier: Apache-2.0
"""

from conftest import Raw, error_of, talk


def named(name):
    return {"x-verified-name": name}


def lists(url, name):
    async def conversation(client):
        def uri_template(template):
            return getattr(template, "uri_template", None) or template.uriTemplate

        return {
            "tools": [tool.name for tool in await client.list_tools()],
            "prompts": [prompt.name for prompt in await client.list_prompts()],
            "resources": [str(resource.uri) for resource in await client.list_resources()],
            "templates": [uri_template(t) for t in await client.list_resource_templates()],
        }

    return talk(url, named(name), conversation)


def call(url, name, tool, **arguments):
    async def conversation(client):
        return (await client.call_tool_mcp(tool, arguments)).content[0].text

    return talk(url, named(name), conversation)


def test_a_cook_sees_what_cooks_may_use(kitchen):
    assert lists(kitchen, "cook") == {
        "tools": ["stir", "heat"],
        "prompts": ["recipe"],
        "resources": ["kitchen://menu", "kitchen://accounts"],
        "templates": ["kitchen://dish/{name}"],
    }


def test_a_chef_sees_everything_but_what_is_kept_off_the_list(kitchen):
    assert lists(kitchen, "chef") == {
        "tools": ["stir", "heat", "burn"],
        "prompts": ["recipe", "secret_recipe"],
        "resources": ["kitchen://menu", "kitchen://accounts", "kitchen://safe"],
        "templates": ["kitchen://dish/{name}", "kitchen://guest/{name}"],
    }


def test_a_stranger_sees_nothing(kitchen):
    nothing = {"tools": [], "prompts": [], "resources": [], "templates": []}
    assert lists(kitchen, "stranger") == nothing


def test_nobody_is_refused(kitchen):
    got = talk(kitchen, {}, lambda client: error_of(client.list_tools_mcp()))
    assert got[:2] == (-31403, "authentication required")


def test_calls_by_the_prefixed_name(kitchen):
    assert call(kitchen, "cook", "stir", times=3) == "stirred 3"
    assert call(kitchen, "cook", "heat", degrees=250) == "heated to 250"
    denied = call(kitchen, "cook", "heat", degrees=251)
    assert denied.startswith("Not executed: at most 250 degrees, not 251 [policy_denied, decision ")


def test_a_denial_by_name_holds_against_a_catch_all(kitchen):
    assert call(kitchen, "chef", "heat", degrees=1000) == "heated to 1000"
    denied = call(kitchen, "chef", "burn")
    assert denied.startswith("Not executed: nothing is burnt here [policy_denied, decision ")
    assert call(kitchen, "chef", "cellar") == call(kitchen, "chef", "attic").replace(
        "attic", "cellar"
    )


def test_prompts(kitchen):
    async def conversation(client):
        soup = await client.get_prompt("recipe", {"dish": "soup"})
        fugu = await error_of(client.get_prompt_mcp("recipe", {"dish": "fugu"}))
        return soup.messages[0].content.text, fugu

    soup, (code, message, data) = talk(kitchen, named("cook"), conversation)
    assert soup == "How to cook soup?"
    assert (code, message, data["code"]) == (-31403, "not fugu", "policy_denied")


def test_resources_and_templates(kitchen):
    async def conversation(client):
        menu = await client.read_resource_mcp("kitchen://menu")
        dish = await client.read_resource_mcp("kitchen://dish/rice")
        accounts = await error_of(client.read_resource_mcp("kitchen://accounts"))
        return menu.contents[0].text, dish.contents[0].text, accounts

    menu, dish, (code, message, data) = talk(kitchen, named("cook"), conversation)
    assert (menu, dish) == ("soup", "a dish of rice")
    assert (code, data["code"]) == (-31403, "policy_denied")
    assert message == "the policy does not allow this request"


def test_what_is_hidden_looks_as_if_it_did_not_exist(kitchen):
    raw = Raw(kitchen, named("cook"))
    for method, member, hidden, absent in (
        ("tools/call", "name", "burn", "bury"),
        ("prompts/get", "name", "secret_recipe", "no_such_recipe"),
        ("resources/read", "uri", "kitchen://safe", "kitchen://cave"),
        ("resources/read", "uri", "kitchen://guest/ann", "kitchen://ghost/ann"),
    ):
        answers = [repr(raw.request(method, {member: item})) for item in (hidden, absent)]
        assert "leaked" not in answers[0]
        assert answers[0].replace(hidden, absent) == answers[1]
