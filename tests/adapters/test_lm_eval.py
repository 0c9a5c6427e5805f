"""lm-eval's own evaluation: a task from YAML with our functions, and a model in outline."""

import json

import pytest

pytest.importorskip("lm_eval.api.task", reason="needs lm-eval (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]

TASK = """
task: tea
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: ""
generation_kwargs: {until: ["\\n"]}
process_results: !function utils.process_results
metric_list:
  - {metric: rubric_mean, aggregation: !function utils.rubric_mean, higher_is_better: true}
  - {metric: rubric_valid, aggregation: !function utils.rubric_valid, higher_is_better: true}
"""
UTILS = "from rubricate.integrations.lm_eval import process_results, rubric_mean, rubric_valid\n"


@pytest.fixture
def evaluated(told, tmp_path, monkeypatch):
    """``evaluated(texts, rubrics)``: the results of a task that lies in a folder, as on the command line."""
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))

    def run(texts, rubrics):
        class Says(LM):
            def generate_until(self, requests):
                return [texts[int(r.doc["number"])] for r in requests]

            def loglikelihood(self, requests):
                raise NotImplementedError

            loglikelihood_rolling = loglikelihood

        folder = tmp_path / "task"
        folder.mkdir(exist_ok=True)
        rows = [{"prompt": "Tea?", "rubric": r, "number": k} for k, r in enumerate(rubrics)]
        (folder / "data.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
        (folder / "tea.yaml").write_text(TASK.replace("DATA", str(folder / "data.jsonl")))
        (folder / "utils.py").write_text(UTILS)
        manager = TaskManager(include_path=str(folder), include_defaults=False)
        found = simple_evaluate(Says(), tasks=["tea"], task_manager=manager, bootstrap_iters=0, log_samples=True)
        return found["results"]["tea"], found["samples"]["tea"]

    return run


def test_documents_without_a_reward_leave_the_mean_alone(evaluated, texts, tea_json):
    good, part, cold = texts
    results, samples = evaluated([good, part, cold, good], ["tea", tea_json, "tea", "no such id"])
    assert results["rubric_mean,none"] == 0.75
    assert results["rubric_valid,none"] == 0.5
    assert samples[1]["rubric_mean"]["response"] == part  # the log of samples holds what was judged
