package io.equipoise.model;

import io.equipoise.InvalidInputException;

/**
 * What the rest of the engine needs to know of a model.
 *
 * @param vocabularySize V
 * @param contextLength the most tokens a sequence may have, prompt included
 * @param bosToken starts a sequence that has no prompt
 * @param eosToken ends a sequence
 */
public record ModelConfig(int vocabularySize, int contextLength, int bosToken, int eosToken) {
    public ModelConfig {
        if (vocabularySize < 1) throw new InvalidInputException("vocabularySize must be >= 1, got " + vocabularySize);
        if (contextLength < 2) throw new InvalidInputException("contextLength must be >= 2, got " + contextLength);
        token("bosToken", bosToken, vocabularySize);
        token("eosToken", eosToken, vocabularySize);
    }

    private static void token(String name, int token, int vocabularySize) {
        if (token < 0 || token >= vocabularySize) {
            throw new InvalidInputException(
                    name + " must be in [0, " + vocabularySize + "), the vocabulary, got " + token);
        }
    }
}
