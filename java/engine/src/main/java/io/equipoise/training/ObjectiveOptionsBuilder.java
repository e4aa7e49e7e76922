package io.equipoise.training;

import com.fasterxml.jackson.databind.annotation.JsonPOJOBuilder;
import io.equipoise.objective.Divergence;

/** The defaults of {@link ObjectiveOptions}, and a setter for each; from {@link ObjectiveOptions#builder()}. */
@JsonPOJOBuilder(withPrefix = "")
public final class ObjectiveOptionsBuilder {
    private boolean baseline = true;
    private Divergence divergence = Divergence.KL;
    private double alpha = 0.5;
    private double limit = 10;
    private double beta = 0.2;
    private double targetKl = 6;
    private double horizon = 10_000;
    private double clip = 0.2;
    private int epochs = 4;
    private int minibatches = 1;
    private double gaeLambda = 0.95;
    private double valueLearningRate = 1e-4;
    private boolean whiten = true;

    ObjectiveOptionsBuilder() {}

    public ObjectiveOptionsBuilder baseline(boolean value) {
        baseline = value;
        return this;
    }

    public ObjectiveOptionsBuilder divergence(Divergence value) {
        divergence = value;
        return this;
    }

    public ObjectiveOptionsBuilder alpha(double value) {
        alpha = value;
        return this;
    }

    public ObjectiveOptionsBuilder limit(double value) {
        limit = value;
        return this;
    }

    public ObjectiveOptionsBuilder beta(double value) {
        beta = value;
        return this;
    }

    public ObjectiveOptionsBuilder targetKl(double value) {
        targetKl = value;
        return this;
    }

    public ObjectiveOptionsBuilder horizon(double value) {
        horizon = value;
        return this;
    }

    public ObjectiveOptionsBuilder clip(double value) {
        clip = value;
        return this;
    }

    public ObjectiveOptionsBuilder epochs(int value) {
        epochs = value;
        return this;
    }

    public ObjectiveOptionsBuilder minibatches(int value) {
        minibatches = value;
        return this;
    }

    public ObjectiveOptionsBuilder gaeLambda(double value) {
        gaeLambda = value;
        return this;
    }

    public ObjectiveOptionsBuilder valueLearningRate(double value) {
        valueLearningRate = value;
        return this;
    }

    public ObjectiveOptionsBuilder whiten(boolean value) {
        whiten = value;
        return this;
    }

    /** The finished options, checked. */
    public ObjectiveOptions build() {
        return new ObjectiveOptions(
                baseline,
                divergence,
                alpha,
                limit,
                beta,
                targetKl,
                horizon,
                clip,
                epochs,
                minibatches,
                gaeLambda,
                valueLearningRate,
                whiten);
    }
}
