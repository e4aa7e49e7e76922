package io.equipoise.model;

import io.equipoise.InvalidInputException;

/**
 * What the rest of the engine needs to know of a model.
 *
 * @param vocabularySize V
 * @param contextLength the most tokens a sequence may have, prompt included
 * @param bosToken every sequence starts with it, before its prompt
 * @param eosTokens each ends a sequence
 */
public record ModelConfig(int vocabularySize, int contextLength, int bosToken, EosTokens eosTokens) {
    public ModelConfig {
        if (vocabularySize < 1) throw new InvalidInputException("vocabularySize must be >= 1, got " + vocabularySize);
        if (contextLength < 2) throw new InvalidInputException("contextLength must be >= 2, got " + contextLength);
        token("bosToken", bosToken, vocabularySize);
        for (int token : eosTokens.ids()) token("eosTokens", token, vocabularySize);
    }

    /** With one token that ends a sequence. */
    public ModelConfig(int vocabularySize, int contextLength, int bosToken, int eosToken) {
        this(vocabularySize, contextLength, bosToken, EosTokens.of(eosToken));
    }

    /**
     * Checks that a policy's texts begin and end as the base model's, without which their probabilities can't be compared.
     *
     * @throws InvalidInputException that says how they differ
     */
    public void requireSameTexts(ModelConfig base) {
        if (bosToken == base.bosToken && eosTokens.equals(base.eosTokens)) return;
        throw new InvalidInputException("the policy's texts begin with token " + bosToken + " and end with "
                + eosTokens + ", the base model's begin with " + base.bosToken + " and end with " + base.eosTokens
                + "; give both folders the same bos_token_id and eos_token_id in generation_config.json, or in"
                + " config.json where there is no other");
    }

    private static void token(String name, int token, int vocabularySize) {
        if (token < 0 || token >= vocabularySize) {
            throw new InvalidInputException(
                    name + " must be in [0, " + vocabularySize + "), the vocabulary, got " + token);
        }
    }
}
