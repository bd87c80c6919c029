DROP TABLE movements, balances, lots, locations, donors, items, categories;
