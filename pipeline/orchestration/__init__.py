"""The DVC graph, the Prefect flow, MLflow recording and the command line."""
