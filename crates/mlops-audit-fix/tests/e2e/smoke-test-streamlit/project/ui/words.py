def told(kind):
    return f"Kind {kind}"
