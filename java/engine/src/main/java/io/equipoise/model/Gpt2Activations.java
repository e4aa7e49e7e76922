package io.equipoise.model;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What GPT-2's blocks compute for R rows. For a gradient every block keeps its own; else they share one, and the residual
 * stream is written over.
 *
 * @param layers by block
 * @param output (R, D), f32, of the last block
 */
record Gpt2Activations(List<Layer> layers, Matrix output) implements AutoCloseable {
    /**
     * One block's.
     *
     * @param input (R, D), f32: the residual stream
     * @param normal1 (R, D): after the first layer norm
     * @param qkv (R, 3·D): queries, keys, values, out
     * @param context what attention reads: qkv, or a cache that it is part of
     * @param attended (R, D)
     * @param middle (R, D), f32: the residual stream after attention
     * @param normal2 (R, D)
     * @param slope (R, I): the activation's derivative, kept for a gradient only
     * @param activated (R, I)
     */
    record Layer(
            Matrix input,
            Matrix normal1,
            Matrix qkv,
            Matrix context,
            Matrix attended,
            Matrix middle,
            Matrix normal2,
            Matrix slope,
            Matrix activated) {
        private Layer first(long rows) {
            var part = qkv.slice(0, rows);
            return new Layer(
                    input.slice(0, rows),
                    normal1.slice(0, rows),
                    part,
                    part,
                    attended.slice(0, rows),
                    middle.slice(0, rows),
                    normal2.slice(0, rows),
                    slope.isNone() ? slope : slope.slice(0, rows),
                    activated.slice(0, rows));
        }

        /** The same with queries, keys and values elsewhere. */
        Layer with(Matrix otherQkv, Matrix otherContext) {
            return new Layer(input, normal1, otherQkv, otherContext, attended, middle, normal2, slope, activated);
        }
    }

    /** For passes forward only. */
    static Gpt2Activations shared(Gpt2Config config, DataType type, long rows) {
        var stream = Matrix.allocate(DataType.F32, rows, config.width());
        var layer = layer(config, type, rows, stream, stream, false);
        return new Gpt2Activations(Collections.nCopies(config.layers(), layer), stream);
    }

    /** For a gradient. */
    static Gpt2Activations kept(Gpt2Config config, DataType type, long rows) {
        var layers = new ArrayList<Layer>();
        var input = Matrix.allocate(DataType.F32, rows, config.width());
        for (int i = 0; i < config.layers(); i++) {
            layers.add(layer(config, type, rows, input, Matrix.allocate(DataType.F32, rows, config.width()), true));
            input = Matrix.allocate(DataType.F32, rows, config.width());
        }
        return new Gpt2Activations(layers, input);
    }

    private static Layer layer(
            Gpt2Config config, DataType type, long rows, Matrix input, Matrix middle, boolean keepSlope) {
        var qkv = Matrix.staggered(type, rows, 3L * config.width());
        return new Layer(
                input,
                Matrix.staggered(type, rows, config.width()),
                qkv,
                qkv,
                Matrix.staggered(type, rows, config.width()),
                middle,
                Matrix.staggered(type, rows, config.width()),
                keepSlope ? Matrix.staggered(type, rows, config.inner()) : Matrix.NONE,
                Matrix.staggered(type, rows, config.inner()));
    }

    /** The first rows, sharing memory. */
    Gpt2Activations first(long rows) {
        return new Gpt2Activations(
                layers.stream().map(layer -> layer.first(rows)).toList(), output.slice(0, rows));
    }

    /** The block after a block reads what it wrote. */
    Matrix outputOf(int block) {
        return block + 1 < layers.size() ? layers.get(block + 1).input() : output;
    }

    @Override
    public void close() {
        for (var layer : layers) {
            layer.input.close();
            layer.normal1.close();
            layer.qkv.close();
            layer.attended.close();
            layer.middle.close();
            layer.normal2.close();
            layer.slope.close();
            layer.activated.close();
        }
        output.close();
    }
}
