package io.equipoise.cli.experiment;

import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.FeatureScores;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The base model's samples that all runs share, kept in a file because drawing them takes minutes. */
final class ReferenceSample {
    private static final Logger LOG = LoggerFactory.getLogger(ReferenceSample.class);
    private static final long FORMAT = 0x65717265_66303031L;

    private final Sequences sequences;
    private final List<String> texts;

    private ReferenceSample(Sequences sequences, List<String> texts) {
        this.sequences = sequences;
        this.texts = texts;
    }

    /** Reads the file, or draws and writes it if it isn't there or is of other samples. */
    static ReferenceSample of(PretrainedModel base, SamplerConfig sampling, int samples, Path file) throws IOException {
        long key = key(sampling, samples);
        Sequences sequences;
        if (Files.exists(file) && key(file) == key) {
            sequences = read(file);
        } else {
            LOG.info("sampling {} texts of the base model, once for all runs", samples);
            sequences = new Sampler(sampling).sample(base.model(), samples, 0);
            write(sequences, key, file);
        }
        return new ReferenceSample(sequences, base.tokenizer().decode(sequences.generated()));
    }

    Sequences sequences() {
        return sequences;
    }

    /** (B, F) */
    double[][] features(List<Constraint> constraints) {
        return FeatureScores.score(constraints, texts);
    }

    /** The first of them, as many as have so many that the target can write. */
    Sequences measured(EnergyBasedTarget target, double[][] phi, int possible) {
        double[] logPotential = target.logPotential(phi);
        int rows = 0;
        for (int found = 0; rows < logPotential.length && found < possible; rows++) {
            if (logPotential[rows] > Double.NEGATIVE_INFINITY) found++;
        }
        return sequences.select(IntStream.range(0, rows).toArray());
    }

    private static long key(SamplerConfig sampling, int samples) {
        // How many are decoded at once changes no token.
        return FORMAT ^ (sampling.seed() + " " + sampling.maxTokens() + " " + samples).hashCode();
    }

    private static long key(Path file) throws IOException {
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            return in.readLong();
        }
    }

    private static Sequences read(Path file) throws IOException {
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            in.readLong();
            int size = in.readInt();
            var tokens = new int[size][];
            var promptLength = new int[size];
            var logProb = new float[size][];
            for (int i = 0; i < size; i++) {
                tokens[i] = new int[in.readInt()];
                for (int t = 0; t < tokens[i].length; t++) tokens[i][t] = in.readInt();
                promptLength[i] = in.readInt();
                logProb[i] = new float[tokens[i].length - promptLength[i]];
                for (int t = 0; t < logProb[i].length; t++) logProb[i][t] = in.readFloat();
            }
            return new Sequences(tokens, promptLength, logProb);
        }
    }

    private static void write(Sequences sequences, long key, Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var aside = file.resolveSibling(file.getFileName() + ".part");
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(aside)))) {
            out.writeLong(key);
            out.writeInt(sequences.size());
            for (int i = 0; i < sequences.size(); i++) {
                out.writeInt(sequences.tokens()[i].length);
                for (int token : sequences.tokens()[i]) out.writeInt(token);
                out.writeInt(sequences.promptLength()[i]);
                for (float logProb : sequences.tokenLogProb()[i]) out.writeFloat(logProb);
            }
        }
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
