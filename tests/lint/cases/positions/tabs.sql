-- größe 🦀
	ALTER TABLE `größe`	DROP COLUMN `naïve`,	DROP COLUMN b;
