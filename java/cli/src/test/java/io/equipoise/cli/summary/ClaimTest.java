package io.equipoise.cli.summary;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.cli.summary.Claim.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClaimTest {
    private static final Task TASK = new Task("01-word", List.of(), 256);

    @Test
    void sevenOfTenIsEnoughForSevenTenths() {
        assertThat(claim(0.7, 7, 3).verdict()).isEqualTo(Verdict.REPRODUCED);
        assertThat(claim(0.7, 6, 4).verdict()).isEqualTo(Verdict.NOT_REPRODUCED);
        assertThat(claim(0.7, 6, 4).needed()).isEqualTo(7);
    }

    @Test
    void tenOfTenAllowsNoException() {
        assertThat(claim(1, 10, 0).verdict()).isEqualTo(Verdict.REPRODUCED);
        assertThat(claim(1, 9, 1).verdict()).isEqualTo(Verdict.NOT_REPRODUCED);
    }

    @Test
    void halfIsNotMost() {
        assertThat(claim(PaperClaims.MOST, 2, 2).verdict()).isEqualTo(Verdict.NOT_REPRODUCED);
        assertThat(claim(PaperClaims.MOST, 3, 1).verdict()).isEqualTo(Verdict.REPRODUCED);
        assertThat(claim(PaperClaims.MOST, 3, 3).needed()).isEqualTo(4);
    }

    @Test
    void whatHoldsWithinTheNoiseOnlyIsNotReproduced() {
        var less = side(new Estimate(1, 1, 3), 3);
        var more = side(new Estimate(2, 1, 3), 3);
        var within = comparison(less, more);
        var clearly = comparison(side(Estimate.of(1, 1.1), 2), side(Estimate.of(2, 2.1), 2));
        assertThat(claim(within, within).verdict()).isEqualTo(Verdict.NOT_CLEARLY);
        assertThat(claim(within, clearly).verdict()).isEqualTo(Verdict.REPRODUCED);
        assertThat(claim(within, within, clearly).verdict()).isEqualTo(Verdict.NOT_CLEARLY);
        // Of one run nobody knows the noise.
        var single = comparison(side(Estimate.of(1), 1), side(Estimate.of(20), 1));
        assertThat(claim(single, single).verdict()).isEqualTo(Verdict.NOT_CLEARLY);
    }

    private static Claim claim(Comparison... comparisons) {
        return new Claim("id", "", "", "", 1, List.of(comparisons));
    }

    @Test
    void missingRunsLeaveItOpen() {
        var comparisons = new ArrayList<>(claim(0.7, 9, 0).comparisons());
        comparisons.add(comparison(side(Estimate.of(), 3), side(Estimate.of(1, 2, 3), 3)));
        var claim = new Claim("id", "", "", "", 0.7, comparisons);
        assertThat(claim.verdict()).isEqualTo(Verdict.NOT_ENOUGH_RUNS);
        assertThat(claim.count()).isEqualTo("9 of 9 so far");
        assertThat(new Claim("id", "", "", "", 0.7, List.of()).verdict()).isEqualTo(Verdict.NOT_ENOUGH_RUNS);
    }

    @Test
    void oneRunIsEnoughOnlyWhereOneIsPlanned() {
        var known = side(Estimate.of(1, 2, 3), 3);
        assertThat(comparison(side(Estimate.of(0), 3), known).isEnough()).isFalse();
        assertThat(comparison(side(Estimate.of(0), 1), known).isEnough()).isTrue();
        assertThat(comparison(side(Estimate.of(0, 1), 3), known).isEnough()).isTrue();
        assertThat(comparison(side(Estimate.of(), 1), known).isEnough()).isFalse();
    }

    @Test
    void tiesDoNotHold() {
        var tie = comparison(side(Estimate.of(1, 2), 2), side(Estimate.of(2, 1), 2));
        assertThat(tie.isEnough()).isTrue();
        assertThat(tie.holds()).isFalse();
        assertThat(tie.failsClearly()).isFalse();
    }

    @Test
    void clearIsBeyondTwoStandardErrorsOfTheDifference() {
        // The difference's standard error is 5.
        var nearly = comparison(side(new Estimate(0, 3, 3), 3), side(new Estimate(10, 4, 3), 3));
        assertThat(nearly.holds()).isTrue();
        assertThat(nearly.holdsClearly()).isFalse();
        var clearly = comparison(side(new Estimate(0, 3, 3), 3), side(new Estimate(10.1, 4, 3), 3));
        assertThat(clearly.holdsClearly()).isTrue();
        var opposite = comparison(side(new Estimate(10.1, 3, 3), 3), side(new Estimate(0, 4, 3), 3));
        assertThat(opposite.holds()).isFalse();
        assertThat(opposite.failsClearly()).isTrue();
        var oneRun = comparison(side(new Estimate(0, Double.NaN, 1), 1), side(new Estimate(100, 4, 3), 3));
        assertThat(oneRun.holds()).isTrue();
        assertThat(oneRun.holdsClearly()).isFalse();
    }

    @Test
    void moreCanBeAhead() {
        var many = side(Estimate.of(3, 4), 2);
        var few = side(Estimate.of(1, 2), 2);
        assertThat(new Comparison(TASK, "", many, few, false).holds()).isTrue();
        assertThat(new Comparison(TASK, "", few, many, false).holds()).isFalse();
    }

    /** With so many comparisons that hold and so many that don't. */
    private static Claim claim(double share, int holding, int failing) {
        var comparisons = new ArrayList<Comparison>();
        var less = side(Estimate.of(1, 1.1), 2);
        var more = side(Estimate.of(2, 2.1), 2);
        for (int i = 0; i < holding; i++) comparisons.add(comparison(less, more));
        for (int i = 0; i < failing; i++) comparisons.add(comparison(more, less));
        return new Claim("id", "", "", "", share, comparisons);
    }

    private static Comparison comparison(Side ahead, Side behind) {
        return new Comparison(TASK, "", ahead, behind, true);
    }

    private static Side side(Estimate estimate, int planned) {
        return new Side("", estimate, planned);
    }
}
