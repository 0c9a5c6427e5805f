"""The systems of lists 3 and 4 are found by number, arXiv id, recipe name and each name that the field uses."""

import io
import json
import tomllib

import pytest
import tomli_w
from rich.console import Console

from rubricate import registry
from rubricate.cli.recipes import _tables
from rubricate.errors import UnknownNameError
from rubricate.recipe import Recipe
from rubricate.recipes import find_recipe
from rubricate.recipes.card import _KEYS, _spelled
from rubricate.report.recipes import print_recipe

SYSTEMS = """
5|rrm|2510.07774|RRM|Miracle Steps
7|carr|2601.06021|CaRR|C-GRPO
11|stitchcuda|2603.02637|StitchCUDA
22|verpo|2601.03525|VeRPO
23|ppr|2509.25598|PPR|ReNorm
26|job_application|2511.16073|Job-application GRPO
30|r3_rag|2505.23794|R3-RAG
33|writing_zero|2506.00103|Writing-Zero|BRPO
35|t_reg|2412.02685|T-REG
41|clip_delta|2410.15115|Clip and Delta
42|lare|2412.11120|LaRe
43|tp_grpo|2507.23317|TP-GRPO
45|atom_searcher|2508.12800|Atom-Searcher
49|prime|2502.01456|PRIME
50|treeps_rag|2601.06922|TreePS-RAG
54|searchllm|2603.10473|SearchLLM
57|rlvrr||RLVRR
60|harmo|2510.05283|HARMO
62|oni|2410.23022|ONI
64|argument_rewriting||Inappropriate-argument rewriting
66|igpo|2510.14967|IGPO
67|pure|2504.15275|PURE
68|rearter|2501.07861|ReARTeR
70|pav|2410.08146|PAV|Rewarding Progress
72|slide_rl||SlideRL
74|longwriter_zero|2506.18841|LongWriter-Zero
75|igniting_creative_writing||Igniting creative writing
79|prompt_enhancer||PromptEnhancer
81|toolrl|2504.13958|ToolRL
83|page_llm||PageLLM
84|fine_grained_rlhf||Fine-Grained RLHF
91|glore|2402.10963|GLoRe
99|complex_retrieval||Complex retrieval benchmark
100|reseek|2510.00568|ReSeek
102|smartsearch|2601.04888|SmartSearch
104|adaqr|2406.10991|AdaQR
105|constrained_rlhf|2310.04373|Constrained RLHF
108|log_sigmoid_centred|2402.00742|Log-sigmoid-centred rewards
111|prof|2509.03403|PROF
112|g2rpo|2510.01982|G²RPO
113|dense_rewards||Towards better dense rewards
114|entropy_exchange|2508.02260|Entropy-performance exchange
115|crf|2511.09158|CRF
117|morec|2310.05422|MOREC
119|credit_survey|2604.09459|Credit-assignment survey
120|heron|2309.02632|HERON
121|cleaner|2601.15141|CLEANER
122|g_ra|2508.10548|G-RA
123|spo|2505.23564|SPO
124|drpo|2510.04474|DRPO
125|robo_dopamine|2512.23703|Robo-Dopamine
127|capo|2508.02298|CAPO
129|router_r1|2506.09033|Router-R1
130|rlfr|2510.10201|RLFR
131|prorag|2601.21912|ProRAG
133|barfi|2310.19007|BARFI
134|carl|2504.17838|CaRL
135|noisy_rewards|2505.22653|Noisy rewards
136|hrm|2503.13551|HRM|HNC
137|parrot|2401.05675|Parrot
139|posterior_grpo|2508.05170|Posterior-GRPO
144|rere|2510.12211|ReRe
145|longrlvr||LongRLVR
147|decs|2509.25827|DECS
148|comam|2603.12631|CoMAM
149|implicit_prm|2412.01981|Implicit PRM
151|reasoning_sql|2503.23157|Reasoning-SQL
152|dense_grpo|2601.20218|DenseGRPO
153|oprl|2509.19199|OPRL|iStar
155|arena_rl|2601.06487|ArenaRL
156|rlver|2507.03112|RLVER
158|mapo|2603.06194|MAPO|MICA
161|w_reinforce|2506.01347|W-REINFORCE|NSR
162|affectgpt_r1|2508.01318|AffectGPT-R1
163|rlvmr|2507.22844|RLVMR
164|t1|2501.11651|T1
165|rlcr|2507.16806|RLCR
166|empg|2509.09265|EMPG
171|tarot||TAROT
175|rstar2_agent|2508.20722|rStar2-Agent|GRPO-RoC
176|trust_grpo||Trust-GRPO|SophiaVL-R1
196|longtracerl|2605.31584|LongTraceRL
198|wcr|2605.05702|WCR
202|pow3r|2605.20164|POW3R
""".strip().splitlines()
RECIPES = dict(registry.items("recipe"))
WIDTH, SCREEN = 100, 50


def test_both_lists_are_whole():
    assert len(SYSTEMS) == 84
    assert len({row.split("|")[0] for row in SYSTEMS}) == 84


@pytest.mark.parametrize("row", SYSTEMS, ids=lambda row: row.split("|")[1])
def test_a_system_is_found_by_whatever_it_is_called(row):
    number, name, arxiv, *systems = row.split("|")
    keys = [number, f"#{number}", f"no. {number}", name, name.upper(), *systems]
    keys += [s.replace("-", " ").lower() for s in systems]
    if arxiv:
        keys += [
            arxiv,
            f"arXiv:{arxiv}",
            f"{arxiv}v2",
            f"https://arxiv.org/abs/{arxiv}",
            f"arxiv.org/pdf/{arxiv}v1.pdf",
        ]
    for key in keys:
        assert find_recipe(key).card.name == name, key
    assert str(find_recipe(name).card.no) == number


def test_what_is_not_there_is_said_with_what_is_near():
    for key in ("POW4R", "pow4r"):
        with pytest.raises(UnknownNameError, match=r"unknown recipe .*Did you mean 'pow3r'.*'rubricate recipes list'"):
            find_recipe(key)
    for key in ("", "   ", "999", "9999.99999", "#"):
        with pytest.raises(UnknownNameError, match="expected a name, a catalogue number, an arXiv id or the name"):
            find_recipe(key)


def test_no_two_recipes_answer_to_one_name_of_the_same_kind():
    for kind in _KEYS[:4]:
        spelled = [_spelled(key) for entry in RECIPES.values() for key in kind(entry.card)]
        twice = {key for key in spelled if spelled.count(key) > 1}
        assert not twice


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fits_one_screen_and_leaves_no_blanks_behind(name):
    out = io.StringIO()
    print_recipe(RECIPES[name], Console(file=out, width=WIDTH))
    lines = out.getvalue().splitlines()
    assert len(lines) <= SCREEN, f"{len(lines)} lines: shorten the card or the docstring"
    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if line != line.rstrip()]
    assert "Recipe(" in out.getvalue()


@pytest.mark.parametrize("name", RECIPES)
def test_json_and_toml_are_read_back_whole(name):
    """None too: it keeps an argument from being taken from the environment."""
    recipe = RECIPES[name]()
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert Recipe.from_json(tomllib.loads(tomli_w.dumps(_tables(recipe.to_json())))) == recipe


def test_leaving_none_out_would_change_a_recipe():
    data = RECIPES["gdpo"]().to_json()
    assert data["credit"]["settings"]["asked"] is None
    del data["credit"]["settings"]["asked"]
    assert Recipe.from_json(data) != RECIPES["gdpo"]()
