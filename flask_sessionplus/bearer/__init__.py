"""Bearer tokens: JSON Web Tokens, checked more strictly than the standard asks for."""
