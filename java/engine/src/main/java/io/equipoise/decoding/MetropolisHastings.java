package io.equipoise.decoding;

import io.equipoise.InvalidInputException;
import io.equipoise.kernels.Philox;
import java.util.ArrayList;

/**
 * Independent Metropolis–Hastings sampling from a target P: a Markov chain that moves from x to x' ~ q, drawn without
 * regard to x, with probability min(1, w(x')/w(x)), w = P/q, and otherwise stays. Its states come to have the law p =
 * P/Z: their distance from it after k steps is at most (1 − Z/max w)^k ({@link ImportanceWeights#distanceAfter}). They
 * are not independent of each other: a text of great weight is given again and again.
 *
 * <p>Hastings, <em>Monte Carlo sampling methods using Markov chains and their applications</em>, Biometrika 1970.
 */
public final class MetropolisHastings {
    /** The sampler takes number 0 of the positions from 1, training number 1 of position 0, quasi-rejection number 2. */
    private static final int DRAW = 3;

    private final Proposals proposals;
    private final int burnIn;
    private final int thinning;

    /**
     * A chain.
     *
     * @param burnIn steps before the first state that is kept, at least 0
     * @param thinning every so many steps a state is kept, at least 1
     */
    public MetropolisHastings(Proposals proposals, int burnIn, int thinning) {
        if (burnIn < 0) throw new InvalidInputException("burn-in must be >= 0, got " + burnIn);
        if (thinning < 1) throw new InvalidInputException("thinning must be >= 1, got " + thinning);
        this.proposals = proposals;
        this.burnIn = burnIn;
        this.thinning = thinning;
    }

    /**
     * Runs one chain through the proposal's texts in the order of their indices. It starts at the first of them that
     * has weight: from where w = 0, the ratio would be 0/0 until then.
     *
     * @param count how many states are kept, at least 1
     * @param first index of the first proposal
     * @param mostProposals that may be drawn
     * @throws InvalidInputException if these can't be enough, or none has weight
     */
    public TargetSample sample(int count, long first, long mostProposals) {
        if (count < 1) throw new InvalidInputException("count must be >= 1, got " + count);
        long steps = burnIn + (long) count * thinning;
        if (steps >= mostProposals) {
            throw new InvalidInputException("a chain that gives " + count + " texts takes a start and " + steps
                    + " steps (burn-in " + burnIn + ", thinning " + thinning + "), so more than " + mostProposals
                    + " proposals; allow more, or shorten it");
        }
        var state = start(first, mostProposals - steps);
        long next = state.index() + 1;
        var kept = new ArrayList<Proposal>(count);
        long moves = 0;
        for (long step = 0; step < steps; ) {
            int batch = (int) Math.min(proposals.sampling().batchSize(), steps - step);
            for (var proposal : proposals.draw(batch, next + step)) {
                step++;
                if (accepts(proposal, state)) {
                    state = proposal;
                    moves++;
                }
                if (step > burnIn && (step - burnIn) % thinning == 0) kept.add(state);
            }
        }
        return new TargetSample(kept, next + steps - first, (double) moves / steps);
    }

    private Proposal start(long first, long most) {
        long seen = 0;
        for (int batch = 1;
                seen < most;
                batch = Math.min(2 * batch, proposals.sampling().batchSize())) {
            for (var proposal : proposals.draw((int) Math.min(batch, most - seen), first + seen)) {
                seen++;
                if (proposal.logWeight() > Double.NEGATIVE_INFINITY) return proposal;
            }
        }
        throw new InvalidInputException("a chain needs a text of positive weight to start from, and none of " + seen
                + " texts of the proposal has any; allow more proposals, or use one nearer to the target");
    }

    private boolean accepts(Proposal proposal, Proposal state) {
        double uniform = Philox.uniform(proposals.sampling().seed(), proposal.index(), 0, DRAW);
        return uniform < Math.exp(proposal.logWeight() - state.logWeight());
    }
}
