"""From tissues to a magnitude image: signal equations, coils, k-space, artefacts."""
