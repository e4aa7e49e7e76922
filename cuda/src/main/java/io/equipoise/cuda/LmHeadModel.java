package io.equipoise.cuda;

/**
 * Which of two ways of drawing tokens from hidden states (B, D) and the LM head's weight (V, D), bf16, an H100 should take:
 * {@code lm_head_sample}, which never writes the logits, or cuBLAS' product followed by {@code sample}. A roofline: the
 * bytes and operations of each way, computed from the shape, over what the card can do. {@code docs/cuda.md} has the
 * resulting table.
 *
 * @param rows B, at least 1
 * @param columns V, at least 1
 * @param depth D, at least 1
 */
public record LmHeadModel(long rows, long columns, long depth) {
    /** Rows of a tile of {@code lm_head_sample}. */
    public static final int TILE_ROWS = 64;

    /** Columns of a tile of {@code lm_head_sample}. */
    public static final int TILE_COLUMNS = 128;

    /** Bytes a second from memory, NVIDIA's number for the H100 SXM. */
    static final double MEMORY = 3.35e12;

    /** Bytes a second from the L2 cache; NVIDIA gives no number, this is an assumption. */
    static final double CACHE = 5.5e12;

    /** Dense bf16 operations a second of the tensor cores, NVIDIA's number: 132 · 4096 a cycle at 1.83 GHz. */
    static final double TENSOR = 989e12;

    /** Instructions a second, a thread each: 132 processors issue 128 a cycle. */
    static final double ISSUE = 132 * 128 * 1.83e9;

    /** Operations that a warp's 32 · 32 part of a tile takes from a byte of shared memory. */
    private static final int OPERATIONS_PER_SHARED_BYTE = 16;

    /** Bytes a second from shared memory: 132 processors read 128 a cycle. */
    private static final double SHARED = 132 * 128 * 1.83e9;

    /**
     * Issue slots for a logit's noise, Philox and three logarithms, as counted in the PTX: multiplications to 64 bits and
     * f64 count twice, conversions from and to 64 bits eight times, moves not at all.
     */
    static final int NOISE_SLOTS = 180;

    private static final int BF16_BYTES = 2;
    private static final int STATE_BYTES = 16;

    public LmHeadModel {
        if (rows < 1 || columns < 1 || depth < 1) {
            throw new IllegalArgumentException(
                    "rows, columns and depth must be >= 1, got " + rows + ", " + columns + ", " + depth);
        }
    }

    /** What of the card {@code lm_head_sample} waits for. */
    public enum Bound {
        /** The weight's way from memory. */
        MEMORY,
        /** The operands' way from the L2 cache, once a tile. */
        CACHE,
        /** The tensor cores, at the pace of shared memory. */
        TENSOR,
        /** The noise. */
        NOISE
    }

    private long operandBytes() {
        return BF16_BYTES * (columns * depth + rows * depth);
    }

    /** Tiles of {@code lm_head_sample} along the rows. */
    public long rowTiles() {
        return (rows + TILE_ROWS - 1) / TILE_ROWS;
    }

    /** Tiles of {@code lm_head_sample} along the columns: as many states it keeps for each row. */
    public long columnTiles() {
        return (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    }

    /** Bytes to and from memory of {@code lm_head_sample}: the operands, and a tile's state for each row, twice. */
    public long fusedBytes() {
        return operandBytes() + 2 * STATE_BYTES * rows * columnTiles();
    }

    /** Bytes from the L2 cache of {@code lm_head_sample}: the weight once a row of tiles, a tile's rows once a tile. */
    public long fusedCacheBytes() {
        return rowTiles() * BF16_BYTES * depth * (columns + TILE_ROWS * columnTiles());
    }

    /** Operations in the tensor cores of {@code lm_head_sample}, those on a tile's filling included. */
    public long fusedOperations() {
        return 2 * depth * rowTiles() * TILE_ROWS * columnTiles() * TILE_COLUMNS;
    }

    /** Bytes of the product and {@code sample}: the operands; the logits, bf16, written and read. */
    public long separateBytes() {
        return operandBytes() + 2 * BF16_BYTES * rows * columns;
    }

    /** Operations in the tensor cores of the product. */
    public long separateOperations() {
        return 2 * rows * columns * depth;
    }

    private double seconds(Bound bound) {
        return switch (bound) {
            case MEMORY -> fusedBytes() / MEMORY;
            case CACHE -> fusedCacheBytes() / CACHE;
            case TENSOR -> fusedOperations() / Math.min(TENSOR, SHARED * OPERATIONS_PER_SHARED_BYTE);
            case NOISE -> (double) NOISE_SLOTS * rows * columns / ISSUE;
        };
    }

    /** What {@code lm_head_sample} waits for: what takes longest. */
    public Bound bound() {
        var slowest = Bound.MEMORY;
        for (var each : Bound.values()) if (seconds(each) > seconds(slowest)) slowest = each;
        return slowest;
    }

    /** The least time of {@code lm_head_sample}. */
    public double fusedSeconds() {
        return seconds(bound());
    }

    /** The least time of the product, perfect in every respect, and then of {@code sample}. */
    public double separateSeconds() {
        double sample = (double) BF16_BYTES * rows * columns / MEMORY;
        double product = Math.max(separateBytes() / MEMORY - sample, separateOperations() / TENSOR);
        return product + sample;
    }

    /** Whether {@code lm_head_sample} is to draw rather than a product and {@code sample}. */
    public boolean fuses() {
        return fusedSeconds() <= separateSeconds();
    }
}
