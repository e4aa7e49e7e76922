package io.equipoise.model;

import java.util.List;
import java.util.Optional;

/** Turns tokens into the text that features are scored on. */
@FunctionalInterface
public interface TextDecoder {
    /**
     * The text of each sequence, without special tokens.
     *
     * @param sequences B ragged rows of tokens
     */
    List<String> decode(List<int[]> sequences);

    /**
     * The bytes of each token, of special ones none, if a sequence's text is its tokens' bytes read as UTF-8, what isn't
     * UTF-8 replaced; tokens beyond the array add no bytes that are known. Empty where a text is made in another way.
     */
    default Optional<byte[][]> tokenBytes() {
        return Optional.empty();
    }
}
