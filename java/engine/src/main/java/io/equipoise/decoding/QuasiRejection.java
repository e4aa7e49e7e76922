package io.equipoise.decoding;

import io.equipoise.InvalidInputException;
import io.equipoise.kernels.Philox;
import java.util.ArrayList;

/**
 * Quasi-rejection sampling from a target P with a proposal q: x ~ q is accepted with probability min(1, P(x)/(β·q(x))),
 * so that accepted texts have the law p_β ∝ min(P, β·q). The larger β, the nearer p_β is to p = P/Z and the fewer are
 * accepted; from β = max P/q on it is rejection sampling, and exact. {@link ImportanceWeights} tells how near and how
 * few beforehand.
 *
 * <p>Eikema, Kruszewski, Dance, Elsahar, Dymetman, <em>An approximate sampler for energy-based models with divergence
 * diagnostics</em>, TMLR 2022.
 */
public final class QuasiRejection {
    /** The sampler takes number 0 of the positions from 1, training number 1 of position 0. */
    private static final int DRAW = 2;

    private final Proposals proposals;
    private final double logBeta;

    /** @param logBeta log β, nats, finite */
    public QuasiRejection(Proposals proposals, double logBeta) {
        if (!Double.isFinite(logBeta)) throw new IllegalArgumentException("log β must be finite, got " + logBeta);
        this.proposals = proposals;
        this.logBeta = logBeta;
    }

    /**
     * Goes through the proposal's texts in the order of their indices until enough are accepted. What is accepted
     * depends on the seed and the index alone.
     *
     * @param count how many texts are wanted, at least 1
     * @param first index of the first proposal
     * @param mostProposals after so many it is given up
     * @throws InvalidInputException if that was too few
     */
    public TargetSample sample(int count, long first, long mostProposals) {
        if (count < 1) throw new InvalidInputException("count must be >= 1, got " + count);
        var accepted = new ArrayList<Proposal>();
        long seen = 0;
        while (seen < mostProposals) {
            // As many as the acceptance rate so far asks for; a guess too low is mended by the next batch.
            double asked = Math.ceil((count - accepted.size()) * (seen + 1.0) / (accepted.size() + 1.0));
            double batch = Math.min(Math.min(asked, proposals.sampling().batchSize()), mostProposals - seen);
            for (var proposal : proposals.draw((int) batch, first + seen)) {
                seen++;
                if (accepts(proposal)) accepted.add(proposal);
                if (accepted.size() == count) return new TargetSample(accepted, seen, (double) count / seen);
            }
        }
        throw new InvalidInputException("of " + seen + " texts of the proposal " + accepted.size()
                + " were accepted at β = " + Math.exp(logBeta) + ", wanted " + count
                + "; lower β, allow more proposals, or use a proposal nearer to the target");
    }

    private boolean accepts(Proposal proposal) {
        double uniform = Philox.uniform(proposals.sampling().seed(), proposal.index(), 0, DRAW);
        return uniform < Math.exp(proposal.logWeight() - logBeta);
    }
}
