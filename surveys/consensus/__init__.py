"""How far a panel agrees, how settled it is, and what it says together: pure arithmetic on bare numbers.

agreement        interquartile range, percent agreement, van der Eijk's A, polarization, RAND/UCLA appropriateness
stability        between two rounds: who changed, where the median went, paired tests
ranking          mean ranks, Borda, pairwise majorities, Kendall's W
shares           Wilson's interval of a share that is read as an estimate
probabilities    pooled and extremized probabilities, Brier scores
pooling          quantile estimates: opinion pool, quantile averaging
classical_model  Cooke's classical model: calibration, information, performance weights
excalibur        the files its software reads and writes (.dtt, .rls)
verdicts         a measure against its bound, in words with the rule printed
distributions    the tails of the distributions that the tests need

Two promises hold everywhere. Blanks are left out before anything comes here: what is passed are opinions, and every
function says what it does with none. And shares are in percent (0 to 100), probabilities from 0 to 1.

The measures stand here by name; the models of several parts (`classical_model`, `pooling`, `verdicts`, ...) are
imported as the modules they are.
"""

from surveys.consensus.agreement import (
    Appropriateness,
    appropriateness,
    interquartile_range,
    modal_share,
    percent_agreement,
    polarization,
    van_der_eijk_agreement,
)
from surveys.consensus.probabilities import brier_score, extremized, mean_log_odds
from surveys.consensus.ranking import (
    Concordance,
    borda_scores,
    condorcet_winner,
    kendalls_w,
    mean_ranks,
    pairwise_wins,
    places,
)
from surveys.consensus.shares import wilson_interval
from surveys.consensus.stability import (
    PairedTest,
    median_shift,
    share_changed,
    sign_test,
    signed_rank_test,
    symmetry_test,
)

__all__ = [
    "Appropriateness",
    "Concordance",
    "PairedTest",
    "appropriateness",
    "borda_scores",
    "brier_score",
    "condorcet_winner",
    "extremized",
    "interquartile_range",
    "kendalls_w",
    "mean_log_odds",
    "mean_ranks",
    "median_shift",
    "modal_share",
    "pairwise_wins",
    "percent_agreement",
    "places",
    "polarization",
    "share_changed",
    "sign_test",
    "signed_rank_test",
    "symmetry_test",
    "van_der_eijk_agreement",
    "wilson_interval",
]
