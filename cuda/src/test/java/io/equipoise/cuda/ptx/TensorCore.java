package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.List;

/**
 * {@code mma}, {@code ldmatrix} and {@code wmma} of 16-bit floats with sums in f32. Products are exact and added in f64, then
 * rounded: the device promises no more than f32. The fragments of {@code wmma} are laid out as no device does, for PTX leaves
 * that open: element {@code e} of a matrix is in lane {@code e / n}, where a lane has {@code n}.
 */
final class TensorCore {
    private TensorCore() {}

    private static Action all(Operation o, Action then) {
        return Convergence.together(o.decoder().registers().constant(0xffffffffL), then);
    }

    /** Places of a vector of registers. */
    private static int[] places(Operation o, int operand, int count, boolean target) {
        if (!(o.operand(operand) instanceof Operand.Tuple tuple)
                || tuple.elements().size() != count)
            throw o.fail("operand " + operand + " is not " + count + " registers");
        List<Operand> elements = tuple.elements();
        return elements.stream()
                .mapToInt(element -> target ? o.target(element, Type.B32) : o.source(element, Type.B32))
                .toArray();
    }

    private static void require(Warp warp, int... places) {
        for (int place : places) warp.require(place, -1);
    }

    private static double half(Warp warp, int[] places, Format format, int lane, int i) {
        return format.decode(warp.registers[places[i / 2] + lane] >>> (16 * (i & 1)) & 0xffff);
    }

    private static double single(Warp warp, int[] places, int lane, int i) {
        return Floats.f32(warp.registers[places[i] + lane]);
    }

    /** {@code mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 d, a, b, c}, and k8; f16 likewise. */
    static Action mma(Operation o) {
        if (!o.take("sync") || !o.take("aligned") || !o.take("row") || !o.take("col")) throw o.fail("unknown mma");
        int depth = o.takeAny("m16n8k16", "m16n8k8")
                .map(s -> s.endsWith("16") ? 16 : 8)
                .orElseThrow(() -> o.fail("unknown shape"));
        var d = o.type();
        var a = o.type();
        var b = o.type();
        var c = o.type();
        if (d != Type.F32 || c != Type.F32 || a != b || (a != Type.F16 && a != Type.BF16)) {
            throw o.fail("unknown types of mma");
        }
        o.expect(4);
        int[] to = places(o, 0, 4, true);
        int[] left = places(o, 1, depth / 4, false);
        int[] right = places(o, 2, depth / 8, false);
        int[] add = places(o, 3, 4, false);
        var format = Format.of(a);
        return all(o, (warp, lanes) -> {
            require(warp, left);
            require(warp, right);
            require(warp, add);
            var x = new double[16][depth];
            var y = new double[depth][8];
            var sums = new double[16][8];
            for (int lane = 0; lane < 32; lane++) {
                int group = lane >> 2;
                int column = (lane & 3) * 2;
                for (int i = 0; i < depth / 2; i++) {
                    x[group + (i & 2) * 4][column + (i & 1) + (i & 4) * 2] = half(warp, left, format, lane, i);
                }
                for (int i = 0; i < depth / 4; i++) {
                    y[column + (i & 1) + (i & 2) * 4][group] = half(warp, right, format, lane, i);
                }
                for (int i = 0; i < 4; i++) {
                    sums[group + (i & 2) * 4][column + (i & 1)] = single(warp, add, lane, i);
                }
            }
            multiply(sums, x, y);
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < 4; i++) {
                    double sum = sums[(lane >> 2) + (i & 2) * 4][(lane & 3) * 2 + (i & 1)];
                    warp.registers[to[i] + lane] = Floats.bits((float) sum);
                }
            }
            for (int place : to) warp.define(place, -1);
        });
    }

    private static void multiply(double[][] sums, double[][] x, double[][] y) {
        for (int i = 0; i < sums.length; i++) {
            for (int k = 0; k < y.length; k++) {
                for (int j = 0; j < sums[i].length; j++) sums[i][j] += x[i][k] * y[k][j];
            }
        }
    }

    /** Matrices of 8 rows of 8 halves; lane i names row i, and gets elements 2i and 2i + 1. */
    static Action ldmatrix(Operation o) {
        if (!o.take("sync") || !o.take("aligned") || !o.take("m8n8")) throw o.fail("unknown ldmatrix");
        int count = o.takeAny("x1", "x2", "x4").map(s -> s.charAt(1) - '0').orElseThrow(() -> o.fail("no count"));
        boolean transposed = o.take("trans");
        var space = o.space();
        if (o.type() != Type.B16) throw o.fail("only b16 is known");
        o.expect(2);
        int[] to = places(o, 0, count, true);
        var at = Access.address(o, 1);
        return all(o, (warp, lanes) -> {
            int named = count == 4 ? -1 : (1 << (8 * count)) - 1;
            warp.require(at.place(), named);
            for (int m = 0; m < count; m++) {
                var rows = new long[8][8];
                for (int row = 0; row < 8; row++) {
                    int lane = 8 * m + row;
                    Access.load(warp, space, lane, at.of(warp.registers, lane), 16, false, false);
                    for (int i = 0; i < 8; i++) rows[row][i] = warp.access.bytes.get(warp.access.offset + 2 * i, 2);
                }
                for (int lane = 0; lane < 32; lane++) {
                    int row = lane >> 2;
                    int column = (lane & 3) * 2;
                    long low = transposed ? rows[column][row] : rows[row][column];
                    long high = transposed ? rows[column + 1][row] : rows[row][column + 1];
                    warp.registers[to[m] + lane] = high << 16 | low;
                }
                warp.define(to[m], -1);
            }
        });
    }

    /** A shape {@code m16n16k16} and its like, and what a matrix of it measures. */
    private record Shape(int m, int n, int k) {
        static Shape of(Operation o) {
            return switch (o.takeAny("m16n16k16", "m32n8k16", "m8n32k16").orElseThrow(() -> o.fail("unknown shape"))) {
                case "m16n16k16" -> new Shape(16, 16, 16);
                case "m32n8k16" -> new Shape(32, 8, 16);
                default -> new Shape(8, 32, 16);
            };
        }

        int rows(String matrix) {
            return matrix.equals("b") ? k : m;
        }

        int columns(String matrix) {
            return matrix.equals("a") ? k : n;
        }

        int elements(String matrix) {
            return rows(matrix) * columns(matrix) / 32;
        }
    }

    /** {@code wmma.load}, {@code wmma.store} and {@code wmma.mma}. */
    static Action wmma(Operation o) {
        boolean load = o.take("load");
        boolean store = !load && o.take("store");
        boolean multiply = !load && !store && o.take("mma");
        if (!o.take("sync") || !o.take("aligned")) throw o.fail("unknown wmma");
        if (multiply) return wmmaMultiply(o);
        if (!load && !store) throw o.fail("unknown wmma");
        var matrix = o.takeAny("a", "b", "c", "d").orElseThrow(() -> o.fail("no matrix"));
        boolean row = o.take("row");
        if (!row && !o.take("col")) throw o.fail("no layout");
        var shape = Shape.of(o);
        var space = o.space();
        var type = o.type();
        boolean operand = matrix.equals("a") || matrix.equals("b");
        if (operand ? type != Type.BF16 : type != Type.F32) throw o.fail("wmma is known of bf16 with sums in f32");
        int count = shape.elements(matrix);
        int[] places = places(o, load ? 0 : 1, operand ? count / 2 : count, load);
        var at = Access.address(o, load ? 1 : 0);
        int leading = row ? shape.columns(matrix) : shape.rows(matrix);
        int stride = o.operands() == 3
                ? o.source(2, Type.U32)
                : o.decoder().registers().constant(leading);
        int size = type.bytes();
        return all(o, (warp, lanes) -> {
            warp.require(at.place(), -1);
            warp.require(stride, -1);
            if (store) require(warp, places);
            else if (operand) for (int place : places) java.util.Arrays.fill(warp.registers, place, place + 32, 0);
            for (int lane = 0; lane < 32; lane++) {
                long base = at.of(warp.registers, lane);
                if ((base & 31) != 0) throw warp.fault(lane, "misaligned matrix at " + GlobalMemory.hex(base));
                long step = warp.registers[stride + lane];
                if (step % (16 / size) != 0) throw warp.fault(lane, "a stride of " + step + " is not of 16 bytes");
                for (int i = 0; i < count; i++) {
                    int element = lane * count + i;
                    int r = element / shape.columns(matrix);
                    int c = element % shape.columns(matrix);
                    long address = base + size * (row ? r * step + c : c * step + r);
                    if (load) {
                        Access.load(warp, space, lane, address, size, false, false);
                        long bits = warp.access.bytes.get(warp.access.offset, size);
                        if (operand) warp.registers[places[i / 2] + lane] |= bits << (16 * (i & 1));
                        else warp.registers[places[i] + lane] = bits;
                    } else {
                        Access.store(warp, space, lane, address, size, false);
                        warp.access.bytes.put(warp.access.offset, size, warp.registers[places[i] + lane]);
                    }
                }
            }
            if (load) for (int place : places) warp.define(place, -1);
        });
    }

    /** {@code wmma.mma.sync.aligned.row.col.m16n16k16.f32.bf16.bf16.f32 d, a, b, c}; layouts are those of the loads. */
    private static Action wmmaMultiply(Operation o) {
        for (int i = 0; i < 2; i++) {
            if (o.takeAny("row", "col").isEmpty()) throw o.fail("no layout");
        }
        var shape = Shape.of(o);
        if (o.type() != Type.F32 || o.type() != Type.BF16 || o.type() != Type.BF16 || o.type() != Type.F32) {
            throw o.fail("wmma is known of bf16 with sums in f32");
        }
        o.expect(4);
        int[] to = places(o, 0, shape.elements("d"), true);
        int[] left = places(o, 1, shape.elements("a") / 2, false);
        int[] right = places(o, 2, shape.elements("b") / 2, false);
        int[] add = places(o, 3, shape.elements("c"), false);
        return all(o, (warp, lanes) -> {
            require(warp, left);
            require(warp, right);
            require(warp, add);
            var x = new double[shape.m()][shape.k()];
            var y = new double[shape.k()][shape.n()];
            var sums = new double[shape.m()][shape.n()];
            for (int e = 0; e < shape.m() * shape.k(); e++) {
                int n = shape.elements("a");
                x[e / shape.k()][e % shape.k()] = half(warp, left, Format.BF16, e / n, e % n);
            }
            for (int e = 0; e < shape.k() * shape.n(); e++) {
                int n = shape.elements("b");
                y[e / shape.n()][e % shape.n()] = half(warp, right, Format.BF16, e / n, e % n);
            }
            int n = shape.elements("c");
            for (int e = 0; e < n * 32; e++) {
                sums[e / shape.n()][e % shape.n()] = single(warp, add, e / n, e % n);
            }
            multiply(sums, x, y);
            for (int e = 0; e < n * 32; e++) {
                double sum = sums[e / shape.n()][e % shape.n()];
                warp.registers[to[e % n] + e / n] = Floats.bits((float) sum);
            }
            for (int place : to) warp.define(place, -1);
        });
    }
}
