"""What training reads: tokens, batches, learnt tokenizers."""
