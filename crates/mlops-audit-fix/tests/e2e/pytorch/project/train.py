import random

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def augmented(features):
    return features + random.uniform(-0.1, 0.1)


def main():
    features = torch.linspace(0, 1, 64).reshape(-1, 1)
    loader = DataLoader(TensorDataset(features, features**2), batch_size=8, shuffle=True)
    model = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for batch, target in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(augmented(batch)), target)
            loss.backward()
            optimizer.step()
    print(loss.item(), model.eval()(features).sum().item())
    torch.save(model.state_dict(), "model.pt")


if __name__ == "__main__":
    main()
