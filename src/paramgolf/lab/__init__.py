"""A whole run, from corpus to report: data, training, packing, score, proof, result.json, report.html."""
