"""Vision models behind APIs: one core for concurrency, accounting and keeping answers, one thin module a provider."""
