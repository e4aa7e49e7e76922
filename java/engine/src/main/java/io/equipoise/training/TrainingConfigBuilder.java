package io.equipoise.training;

import com.fasterxml.jackson.databind.annotation.JsonPOJOBuilder;

/** The defaults of a {@link TrainingConfig}, and a setter for each; from {@link TrainingConfig#builder()}. */
@JsonPOJOBuilder(withPrefix = "")
public final class TrainingConfigBuilder {
    private String objective = "gdc++";
    private ObjectiveOptions objectiveOptions = ObjectiveOptions.builder().build();
    private boolean onPolicy = false;
    private boolean normalize = true;
    private boolean controlVariates = true;
    private double momentCorrection = 0;
    private double gradientSubsampling = 1;
    private int diagnosticsEvery = 1;
    private int gradientDiagnosticsEvery = 0;
    private GradientDiagnostics gradientDiagnostics = GradientDiagnostics.FAST;
    private int steps = 100;
    private int batchSize = 256;
    private int promptsPerStep = 8;
    private int microBatch = 64;
    private int maxTokens = 40;
    private boolean fixedLength = false;
    private int momentSamples = 4096;
    private double learningRate = 1e-4;
    private Schedule schedule = Schedule.CONSTANT;
    private int warmupSteps = 0;
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double epsilon = 1e-8;
    private double weightDecay = 0;
    private double gradientClip = 1;
    private String trainable = ".*";
    private ProposalUpdate proposalUpdate = ProposalUpdate.KL;
    private int checkEvery = 10;
    private OnDrift onDrift = OnDrift.ROLLBACK;
    private int driftChecks = 3;
    private OnNan onNan = OnNan.STOP;
    private double warnBelowSampleSize = 5;
    private long seed = 0;

    TrainingConfigBuilder() {}

    public TrainingConfigBuilder objective(String value) {
        objective = value;
        return this;
    }

    public TrainingConfigBuilder objectiveOptions(ObjectiveOptions value) {
        objectiveOptions = value;
        return this;
    }

    public TrainingConfigBuilder onPolicy(boolean value) {
        onPolicy = value;
        return this;
    }

    public TrainingConfigBuilder normalize(boolean value) {
        normalize = value;
        return this;
    }

    public TrainingConfigBuilder controlVariates(boolean value) {
        controlVariates = value;
        return this;
    }

    public TrainingConfigBuilder momentCorrection(double value) {
        momentCorrection = value;
        return this;
    }

    public TrainingConfigBuilder gradientSubsampling(double value) {
        gradientSubsampling = value;
        return this;
    }

    public TrainingConfigBuilder diagnosticsEvery(int value) {
        diagnosticsEvery = value;
        return this;
    }

    public TrainingConfigBuilder gradientDiagnosticsEvery(int value) {
        gradientDiagnosticsEvery = value;
        return this;
    }

    public TrainingConfigBuilder gradientDiagnostics(GradientDiagnostics value) {
        gradientDiagnostics = value;
        return this;
    }

    public TrainingConfigBuilder steps(int value) {
        steps = value;
        return this;
    }

    public TrainingConfigBuilder batchSize(int value) {
        batchSize = value;
        return this;
    }

    public TrainingConfigBuilder promptsPerStep(int value) {
        promptsPerStep = value;
        return this;
    }

    public TrainingConfigBuilder microBatch(int value) {
        microBatch = value;
        return this;
    }

    public TrainingConfigBuilder maxTokens(int value) {
        maxTokens = value;
        return this;
    }

    public TrainingConfigBuilder fixedLength(boolean value) {
        fixedLength = value;
        return this;
    }

    public TrainingConfigBuilder momentSamples(int value) {
        momentSamples = value;
        return this;
    }

    public TrainingConfigBuilder learningRate(double value) {
        learningRate = value;
        return this;
    }

    public TrainingConfigBuilder schedule(Schedule value) {
        schedule = value;
        return this;
    }

    public TrainingConfigBuilder warmupSteps(int value) {
        warmupSteps = value;
        return this;
    }

    public TrainingConfigBuilder beta1(double value) {
        beta1 = value;
        return this;
    }

    public TrainingConfigBuilder beta2(double value) {
        beta2 = value;
        return this;
    }

    public TrainingConfigBuilder epsilon(double value) {
        epsilon = value;
        return this;
    }

    public TrainingConfigBuilder weightDecay(double value) {
        weightDecay = value;
        return this;
    }

    public TrainingConfigBuilder gradientClip(double value) {
        gradientClip = value;
        return this;
    }

    public TrainingConfigBuilder trainable(String value) {
        trainable = value;
        return this;
    }

    public TrainingConfigBuilder proposalUpdate(ProposalUpdate value) {
        proposalUpdate = value;
        return this;
    }

    public TrainingConfigBuilder checkEvery(int value) {
        checkEvery = value;
        return this;
    }

    public TrainingConfigBuilder onDrift(OnDrift value) {
        onDrift = value;
        return this;
    }

    public TrainingConfigBuilder driftChecks(int value) {
        driftChecks = value;
        return this;
    }

    public TrainingConfigBuilder onNan(OnNan value) {
        onNan = value;
        return this;
    }

    public TrainingConfigBuilder warnBelowSampleSize(double value) {
        warnBelowSampleSize = value;
        return this;
    }

    public TrainingConfigBuilder seed(long value) {
        seed = value;
        return this;
    }

    /** The finished configuration, checked. */
    public TrainingConfig build() {
        return new TrainingConfig(
                objective,
                objectiveOptions,
                onPolicy,
                normalize,
                controlVariates,
                momentCorrection,
                gradientSubsampling,
                diagnosticsEvery,
                gradientDiagnosticsEvery,
                gradientDiagnostics,
                steps,
                batchSize,
                promptsPerStep,
                microBatch,
                maxTokens,
                fixedLength,
                momentSamples,
                learningRate,
                schedule,
                warmupSteps,
                beta1,
                beta2,
                epsilon,
                weightDecay,
                gradientClip,
                trainable,
                proposalUpdate,
                checkEvery,
                onDrift,
                driftChecks,
                onNan,
                warnBelowSampleSize,
                seed);
    }
}
