package io.equipoise.model;

import io.equipoise.memory.Vector;
import java.util.List;

/**
 * All weights of a model as one flat vector, and their gradient beside it, so that an optimiser, a norm or a copy is one
 * pass.
 *
 * @param value (P), f32
 * @param gradient (P), f32; accumulated into by {@link CausalLanguageModel#accumulateGradient}
 * @param list the named parts, in order, covering the vector without gaps
 */
public record Parameters(Vector value, Vector gradient, List<Parameter> list) {
    /**
     * One named weight.
     *
     * @param name as in the model's files
     * @param from its first element in the flat vector
     * @param size its number of elements
     * @param decays whether weight decay applies: matrices yes, biases and norms no
     */
    public record Parameter(String name, long from, long size, boolean decays) {}
}
