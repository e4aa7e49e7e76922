package io.equipoise.model;

import java.util.List;

/** Turns tokens into the text that features are scored on. */
@FunctionalInterface
public interface TextDecoder {
    /**
     * The text of each sequence, without special tokens.
     *
     * @param sequences B ragged rows of tokens
     */
    List<String> decode(List<int[]> sequences);
}
