"""Vision models behind APIs: a core for concurrency, costs and kept answers, and one module per provider."""
