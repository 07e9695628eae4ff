"""One module a rule, of artifacts and of papers alike: RULE, its declaration, and judge(). registry.py lists them."""
