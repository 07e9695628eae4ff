"""From a trained model to one file whose every byte is accounted for."""
