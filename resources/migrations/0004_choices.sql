ALTER TABLE `models` ADD `chosen_architecture` text;--> statement-breakpoint
ALTER TABLE `models` ADD `chosen_prediction` text;