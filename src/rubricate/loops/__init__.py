"""Loops around rollouts: what is repaired before it is trained on, who meets whom and who wins."""

from rubricate.loops.against_reference import Against, judge_against
from rubricate.loops.carry import carried_over, read_verdicts, rows_of
from rubricate.loops.code_rules import sandbox_runner
from rubricate.loops.criterion_votes import Votes, criterion_votes
from rubricate.loops.edit_and_rank import EditAndRank, Edited
from rubricate.loops.elicit_criteria import Elicitation, ElicitCriteria, Elicited, Stepped
from rubricate.loops.evolve_criteria import Evolution, EvolveCriteria, Voiced, propose_from
from rubricate.loops.filtered_vote import filtered_vote
from rubricate.loops.meta_rubric import MetaSearched, search_meta_rubric
from rubricate.loops.next_segments import next_segments
from rubricate.loops.pair_files import pairs_of, read_pairs, rows_of_pairs
from rubricate.loops.purify import Turn, purify_turn
from rubricate.loops.recover import LabelledPair, Recovered, as_pairs, recorded_margins, recover
from rubricate.loops.refine_answer import RefineAnswer, Refined
from rubricate.loops.refine_run import Split, divide_rubrics, hold_out, judge_criteria, judged_of, refine_result
from rubricate.loops.rewrite_run import rewrite_rubrics
from rubricate.loops.segment_beam import Path, Segment, segment_beam
from rubricate.loops.self_questions import Background, SelfQuestions
from rubricate.loops.tournament import Played, judge_tournament, mean_of_criteria

__all__ = [
    "Against",
    "Background",
    "EditAndRank",
    "Edited",
    "ElicitCriteria",
    "Elicitation",
    "Elicited",
    "Evolution",
    "EvolveCriteria",
    "LabelledPair",
    "MetaSearched",
    "Path",
    "Played",
    "Recovered",
    "RefineAnswer",
    "Refined",
    "Segment",
    "SelfQuestions",
    "Split",
    "Stepped",
    "Turn",
    "Voiced",
    "Votes",
    "as_pairs",
    "carried_over",
    "criterion_votes",
    "divide_rubrics",
    "filtered_vote",
    "hold_out",
    "judge_against",
    "judge_criteria",
    "judge_tournament",
    "judged_of",
    "mean_of_criteria",
    "next_segments",
    "pairs_of",
    "propose_from",
    "purify_turn",
    "read_pairs",
    "read_verdicts",
    "recorded_margins",
    "recover",
    "refine_result",
    "rewrite_rubrics",
    "rows_of",
    "rows_of_pairs",
    "sandbox_runner",
    "search_meta_rubric",
    "segment_beam",
]
