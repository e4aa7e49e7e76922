package io.equipoise.decoding;

/**
 * What {@link QuasiRejection} is worth at one β: the rate at which it writes, and how far the law p_β of what it writes
 * is from the target p.
 *
 * @param logBeta log β, nats
 * @param acceptance the share of the proposal's texts that are accepted
 * @param tvd total variation TVD(p, p_β), in [0, 1]
 * @param kl KL(p‖p_β), nats a text, ≥ 0
 */
public record QuasiRejectionEstimates(double logBeta, Estimate acceptance, Estimate tvd, Estimate kl) {}
