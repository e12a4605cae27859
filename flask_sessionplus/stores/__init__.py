"""Where records live: one file a store, nothing shared but the contract and the record."""
