package io.equipoise.cli.report;

import io.equipoise.training.Evaluator.Evaluation;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A policy's numbers on fresh samples, in the course of a run; divergences in nats.
 *
 * @param step after which it was made; 0: of the base model
 * @param moments E_π φ by constraint
 * @param klTargetPolicyError the standard error of KL(p‖π)
 */
public record Measurement(
        int step,
        Map<String, Double> moments,
        double klTargetPolicy,
        double klTargetPolicyError,
        double klPolicyBase,
        double tvdTargetPolicy) {
    public Measurement {
        moments = Collections.unmodifiableMap(new LinkedHashMap<>(moments));
    }

    /** What a report shows of an evaluation. */
    public static Measurement of(int step, Evaluation evaluation) {
        return new Measurement(
                step,
                evaluation.moments(),
                evaluation.klTargetPolicy(),
                evaluation.klTargetPolicyError(),
                evaluation.klPolicyBase(),
                evaluation.tvdTargetPolicy());
    }
}
