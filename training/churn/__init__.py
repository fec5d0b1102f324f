"""Will a customer stay? Everything about churn, with and without contracts; `recipe` is read first."""
