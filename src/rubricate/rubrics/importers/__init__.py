"""Published rubric formats read into the terms of rubricate; importing this package registers all of them."""

from rubricate.rubrics.importers.base import Fields, Imported, import_file, importer
from rubricate.rubrics.importers.biggen import biggen
from rubricate.rubrics.importers.healthbench import healthbench
from rubricate.rubrics.importers.ifeval import ifeval
from rubricate.rubrics.importers.libraries import autorubric_lib, rubric_lib
from rubricate.rubrics.importers.llm_rubric import llm_rubric
from rubricate.rubrics.importers.llmbar import llmbar_metrics
from rubricate.rubrics.importers.openai_graders import openai_graders
from rubricate.rubrics.importers.prbench import prbench
from rubricate.rubrics.importers.prometheus import prometheus
from rubricate.rubrics.importers.rar import rar
from rubricate.rubrics.importers.research import (
    deepresearch_bench,
    deepresearch_bench_2,
    researcherbench,
    researchrubrics,
)
from rubricate.rubrics.importers.sedareval import sedareval
from rubricate.rubrics.importers.writingbench import writingbench

__all__ = [
    "Fields",
    "Imported",
    "autorubric_lib",
    "biggen",
    "deepresearch_bench",
    "deepresearch_bench_2",
    "healthbench",
    "ifeval",
    "import_file",
    "importer",
    "llm_rubric",
    "llmbar_metrics",
    "openai_graders",
    "prbench",
    "prometheus",
    "rar",
    "researcherbench",
    "researchrubrics",
    "rubric_lib",
    "sedareval",
    "writingbench",
]
