import contextlib
import sys

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments


class Rows(Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, index):
        return {"input_ids": torch.arange(index, index + 8) % 50, "labels": torch.tensor(index % 2)}


def main():
    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    model = BertForSequenceClassification(config)
    model.classifier = torch.nn.Linear(16, 2)
    arguments = TrainingArguments("out", num_train_epochs=1, report_to=[], use_cpu=True, save_strategy="no")
    trainer = Trainer(model=model, args=arguments, train_dataset=Rows())
    # It prints how long it takes, which is never the same.
    with contextlib.redirect_stdout(sys.stderr):
        trainer.train()
    print(model(torch.arange(8).unsqueeze(0)).logits.tolist())
    trainer.save_model("model")


if __name__ == "__main__":
    main()
